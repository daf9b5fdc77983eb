"""Training the networks, which most other jobs wait for: they come first."""


rule train:
    """One network, trained on the training images alone."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        weights=initial_weights,
    output:
        weights="results/{study}/models/{model}/model.safetensors",
        model="results/{study}/models/{model}/model.json",
        history="results/{study}/models/{model}/history.csv",
        rate_tests="results/{study}/models/{model}/rate_tests.csv",
        timing="results/{study}/models/{model}/timing.json",
    log:
        "results/{study}/logs/train/{model}.log",
    benchmark:
        "results/{study}/benchmarks/train/{model}.jsonl"
    priority: 1
    conda:
        "../envs/torch.yaml"
    threads: training_threads
    resources:
        mem_mb=training_memory,
        runtime=grows(30, 2),
        gpu=1,
    params:
        cfg=training_settings(square="cohort.square", hide_text="cohort.hide_text"),
        code=code_of("train.py"),
    script:
        "../workflow/scripts/train.py"
