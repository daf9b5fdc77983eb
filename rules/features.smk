"""The learned features of every image of the cohort, and what they are compared with."""

if STAGES.has_networks:

    rule export_features:
        """One row an image, one column a unit of the dense layer."""
        input:
            cohort=rules.assemble_cohort.output.cohort,
            images=rules.assemble_cohort.output.images,
            weights=rules.train.output.weights,
            model=rules.train.output.model,
        output:
            features=FEATURES,
        log:
            "results/{study}/logs/export_features/{model}.log",
        benchmark:
            "results/{study}/benchmarks/export_features/{model}.jsonl"
        wildcard_constraints:
            model="|".join(NETWORKS),
        priority: 1
        conda:
            "../envs/torch.yaml"
        threads: threads_by_size
        resources:
            mem_mb=grows(2000, 4),
            runtime=grows(20, 0.2),
        params:
            cfg=settings(device="device"),
            code=code_of("export_features.py"),
        script:
            "../workflow/scripts/export_features.py"


rule make_control:
    """Features that hold little or nothing of the disease, in place of a network's."""
    input:
        cohort=COHORT,
        images=rules.assemble_cohort.output.images,
        features=of_encoder(FEATURES),
        model=of_network("results/{study}/models/{model}/model.json"),
        lungs=with_lungs_covered(LUNGS),
        weights=with_lungs_covered("results/{study}/models/{model}/model.safetensors"),
    output:
        features="results/{study}/controls/{model}.{control}.parquet",
    log:
        "results/{study}/logs/make_control/{model}.{control}.log",
    benchmark:
        "results/{study}/benchmarks/make_control/{model}.{control}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(2000, 8),
        runtime=grows(20, 0.2),
    params:
        cfg=lambda wildcards: {
            "control": wildcards.control,
            "device": STUDY["device"],
            "seed": STUDY["seed"],
        },
        code=code_of("make_control.py"),
    script:
        "../workflow/scripts/make_control.py"
