"""Using a trained network elsewhere: ONNX files, and new images."""

PREDICTOR = STUDY["model"] if STUDY["model"] in NETWORKS else NETWORKS[0]


rule export_onnx:
    """A network as an ONNX file, checked against torch."""
    input:
        images=rules.assemble_cohort.output.images,
        weights=rules.train.output.weights,
        model=rules.train.output.model,
    output:
        onnx="results/{study}/models/{model}/model.onnx",
    log:
        "results/{study}/logs/export_onnx/{model}.log",
    benchmark:
        "results/{study}/benchmarks/export_onnx/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=grows(3000, 2),
        runtime=grows(20),
    params:
        cfg={},
        code=code_of("export_onnx.py"),
    script:
        "../workflow/scripts/export_onnx.py"


localrules:
    onnx,


rule onnx:
    """The ONNX files of all networks: snakemake --cores all onnx"""
    input:
        expand(rules.export_onnx.output.onnx, study=NAME, model=NETWORKS),


rule predict:
    """New images: snakemake --cores all predict --config images=FOLDER"""
    input:
        images=from_command_line(images_folder),
        weights=expand(rules.train.output.weights, study=NAME, model=PREDICTOR)[0],
        model=expand(rules.train.output.model, study=NAME, model=PREDICTOR)[0],
        cohort=expand(rules.assemble_cohort.output.cohort, study=NAME)[0],
        pixels=expand(rules.assemble_cohort.output.images, study=NAME)[0],
        verdict=confounding_verdict,
    output:
        predictions=f"results/{NAME}/predicted/{PREDICTOR}/predictions.csv",
        features=f"results/{NAME}/predicted/{PREDICTOR}/features.parquet",
        rejected=f"results/{NAME}/predicted/{PREDICTOR}/rejected.csv",
        summary=f"results/{NAME}/predicted/{PREDICTOR}/summary.json",
        overlays=directory(f"results/{NAME}/predicted/{PREDICTOR}/overlays"),
    log:
        f"results/{NAME}/logs/predict/{PREDICTOR}.log",
    benchmark:
        f"results/{NAME}/benchmarks/predict/{PREDICTOR}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 4
    resources:
        mem_mb=grows(3000, 0.5),
        runtime=grows(30, 0.5),
    params:
        cfg=lambda wildcards: {
            "device": STUDY["device"],
            "seed": STUDY["seed"],
            "images": STUDY["images"],
            "folder": folder_signature(STUDY["images"]),
        },
        code=code_of("predict.py"),
    script:
        "../workflow/scripts/predict.py"
