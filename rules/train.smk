"""Training the networks and measuring them."""


rule train:
    """One network, trained on the training images alone."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        weights=weights_of,
    output:
        weights="results/{study}/models/{model}/model.safetensors",
        model="results/{study}/models/{model}/model.json",
        history="results/{study}/models/{model}/history.csv",
    log:
        "results/{study}/logs/train/{model}.log",
    benchmark:
        "results/{study}/benchmarks/train/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 8
    resources:
        mem_mb=6000,
        runtime=240,
        gpu=1,
    params:
        cfg=lambda wildcards: {
            "classes": list(STUDY["cohort"]["classes"]),
            **settings(model="models.{model}", seed="seed")(wildcards),
        },
        code=code_of("train.py"),
    script:
        "../workflow/scripts/train.py"


rule evaluate:
    """The network's metrics with their uncertainty, and its prediction for each image."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        weights=rules.train.output.weights,
        model=rules.train.output.model,
    output:
        metrics="results/{study}/models/{model}/metrics.json",
        predictions="results/{study}/models/{model}/predictions.parquet",
    log:
        "results/{study}/logs/evaluate/{model}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        cfg=settings(seed="seed"),
        code=code_of("evaluate.py"),
    script:
        "../workflow/scripts/evaluate.py"
