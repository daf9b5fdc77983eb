"""Evaluating the networks, beside baselines that do without them."""


localrules:
    divide_folds,
    draw_training,


rule divide_folds:
    """The splits of the cohort that networks are evaluated on."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
    output:
        folds="results/{study}/folds.parquet",
    log:
        "results/{study}/logs/divide_folds.log",
    benchmark:
        "results/{study}/benchmarks/divide_folds.jsonl"
    priority: 1
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 10),
        runtime=grows(10),
    params:
        cfg=lambda wildcards: {
            "sources": SOURCES,
            **settings(
                evaluation={
                    "folds": "evaluation.folds",
                    "leave_source_out": "evaluation.leave_source_out",
                    "random_split": "evaluation.random_split",
                    "repeats": "evaluation.repeats",
                },
                seed="seed",
                splits="cohort.splits",
            )(wildcards),
        },
        code=code_of("divide_folds.py"),
    script:
        "../workflow/scripts/divide_folds.py"


rule train_part:
    """One network trained for one part of a protocol, and its predictions there."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        folds=rules.divide_folds.output.folds,
        weights=initial_weights,
    output:
        predictions="results/{study}/models/{model}/parts/{part}.parquet",
    log:
        "results/{study}/logs/train_part/{model}.{part}.log",
    benchmark:
        "results/{study}/benchmarks/train_part/{model}.{part}.jsonl"
    priority: 1
    conda:
        "../envs/torch.yaml"
    threads: training_threads
    resources:
        mem_mb=training_memory,
        runtime=grows(30, 2),
        gpu=1,
    params:
        cfg=lambda wildcards: {
            "part": wildcards.part,
            "protocol": STAGES.protocols[wildcards.part],
            "run": training_settings()(wildcards),
        },
        code=code_of("train_part.py"),
    script:
        "../workflow/scripts/train_part.py"


rule evaluate:
    """The network's metrics with their uncertainty, and its prediction for each image."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        weights=rules.train.output.weights,
        model=rules.train.output.model,
        parts=expand(
            rules.train_part.output.predictions,
            part=STAGES.protocols,
            allow_missing=True,
        ),
    output:
        metrics="results/{study}/models/{model}/metrics.json",
        predictions="results/{study}/models/{model}/predictions.parquet",
    log:
        "results/{study}/logs/evaluate/{model}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(2000, 4),
        runtime=grows(20, 0.5),
    params:
        cfg=settings(seed="seed", device="device"),
        code=code_of("evaluate.py"),
    script:
        "../workflow/scripts/evaluate.py"


rule run_baselines:
    """The predictions of classifiers that see shape, thumbnails, borders or lungs alone."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        lungs=LUNGS,
        folds=rules.divide_folds.output.folds,
        metadata=METADATA,
        quality=rules.clean_metadata.output.quality,
    output:
        predictions="results/{study}/baselines.parquet",
    log:
        "results/{study}/logs/run_baselines.log",
    benchmark:
        "results/{study}/benchmarks/run_baselines.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 8),
        runtime=grows(20, 2),
    params:
        cfg=lambda wildcards: {
            "classes": list(STUDY["cohort"]["classes"]),
            "modality": STUDY["cohort"]["modality"],
            "seed": STUDY["seed"],
        },
        code=code_of("run_baselines.py"),
    script:
        "../workflow/scripts/run_baselines.py"


rule compare_models:
    """Networks and baselines side by side, and the training times."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        predictions=of_networks(rules.evaluate.output.predictions),
        parts=expand(
            rules.train_part.output.predictions,
            model=NETWORKS,
            part=STAGES.protocols,
            allow_missing=True,
        ),
        cards=of_networks(rules.train.output.model),
        timings=of_networks(rules.train.output.timing),
        baselines=(
            rules.run_baselines.output.predictions
            if STUDY["evaluation"]["baselines"]
            else []
        ),
    output:
        table="results/{study}/comparison.csv",
        times="results/{study}/training_times.csv",
        figure=report(
            "results/{study}/figures/comparison.svg",
            caption="../workflow/report/comparison.rst",
            category="3 Networks",
            labels={"model": "all", "figure": "comparison"},
        ),
        times_figure=report(
            "results/{study}/figures/training_times.svg",
            caption="../workflow/report/training_times.rst",
            category="3 Networks",
            labels={"model": "all", "figure": "training times"},
        ),
        printed=pdf_of("comparison", "training_times"),
    log:
        "results/{study}/logs/compare_models.log",
    benchmark:
        "results/{study}/benchmarks/compare_models.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 10),
        runtime=grows(20, 0.5),
    params:
        cfg=lambda wildcards: {
            "classes": list(STUDY["cohort"]["classes"]),
            "models": NETWORKS,
            "parts": list(STAGES.protocols),
            "seed": STUDY["seed"],
        },
        code=code_of("compare_models.py"),
    script:
        "../workflow/scripts/compare_models.py"


if STAGES.has_tags:

    rule compare_tags:
        """Networks that learn tags side by side, with simple references."""
        input:
            metrics=of_networks(rules.evaluate.output.metrics),
        output:
            table="results/{study}/tag_comparison.csv",
            each="results/{study}/tag_precision.csv",
            figure=report(
                "results/{study}/figures/tags.svg",
                caption="../workflow/report/tags.rst",
                category="3 Networks",
                labels={"model": "all", "figure": "tags"},
            ),
            printed=pdf_of("tags"),
        log:
            "results/{study}/logs/compare_tags.log",
        benchmark:
            "results/{study}/benchmarks/compare_tags.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000),
            runtime=grows(10),
        params:
            cfg=lambda wildcards: {
                "models": NETWORKS,
                "published": STUDY["evaluation"]["published"],
            },
            code=code_of("compare_tags.py"),
        script:
            "../workflow/scripts/compare_tags.py"


rule stratify:
    """What recorded fields say of the class, and a network's rates in their subgroups."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        metadata=METADATA,
        folds=rules.divide_folds.output.folds,
        predictions=rules.evaluate.output.predictions,
        parts=rules.evaluate.input.parts,
    output:
        confounding="results/{study}/models/{model}/confounding.csv",
        subgroups="results/{study}/models/{model}/subgroups.csv",
        verdict="results/{study}/models/{model}/confounding.json",
    log:
        "results/{study}/logs/stratify/{model}.log",
    benchmark:
        "results/{study}/benchmarks/stratify/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 10),
        runtime=grows(20, 2),
    params:
        cfg=lambda wildcards: {
            "classes": list(STUDY["cohort"]["classes"]),
            "seed": STUDY["seed"],
        },
        code=code_of("stratify.py"),
    script:
        "../workflow/scripts/stratify.py"


rule review:
    """The labels and images that a person should look at first, and a sheet of them."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        images=rules.assemble_cohort.output.images,
        excluded=rules.assemble_cohort.output.excluded,
        rejected=rules.clean_metadata.output.rejected,
        features=FEATURES,
        predictions=rules.evaluate.output.predictions,
        parts=rules.evaluate.input.parts,
    output:
        review="results/{study}/models/{model}/review.csv",
        figure=report(
            "results/{study}/figures/{model}.review.svg",
            caption="../workflow/report/review.rst",
            category="3 Networks",
            labels={"model": "{model}", "figure": "review"},
        ),
        printed=pdf_of("{model}.review"),
    log:
        "results/{study}/logs/review/{model}.log",
    benchmark:
        "results/{study}/benchmarks/review/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 10),
        runtime=grows(20, 0.5),
    params:
        cfg=lambda wildcards: {"classes": list(STUDY["cohort"]["classes"])},
        code=code_of("review.py"),
    script:
        "../workflow/scripts/review.py"


rule explain:
    """Grad-CAM of the test images."""
    input:
        images=rules.assemble_cohort.output.images,
        lungs=LUNGS,
        weights=rules.train.output.weights,
        model=rules.train.output.model,
        predictions=rules.evaluate.output.predictions,
    output:
        attention="results/{study}/models/{model}/attention.csv",
        figure=report(
            "results/{study}/figures/{model}.gradcam.svg",
            caption="../workflow/report/gradcam.rst",
            category="3 Networks",
            labels={"model": "{model}", "figure": "Grad-CAM"},
        ),
        printed=pdf_of("{model}.gradcam"),
    log:
        "results/{study}/logs/explain/{model}.log",
    benchmark:
        "results/{study}/benchmarks/explain/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(2000, 4),
        runtime=grows(20, 0.2),
    params:
        cfg=settings(explained="evaluation.explained"),
        code=code_of("explain.py"),
    script:
        "../workflow/scripts/explain.py"


rule draw_training:
    """A network's training curves, and its rates and confusion matrix."""
    input:
        history=rules.train.output.history,
        metrics=rules.evaluate.output.metrics,
    output:
        training=report(
            "results/{study}/figures/{model}.training.svg",
            caption="../workflow/report/training.rst",
            category="3 Networks",
            labels={"model": "{model}", "figure": "training"},
        ),
        confusion=report(
            "results/{study}/figures/{model}.confusion.svg",
            caption="../workflow/report/confusion.rst",
            category="3 Networks",
            labels={"model": "{model}", "figure": "evaluation"},
        ),
        reliability=report(
            "results/{study}/figures/{model}.reliability.svg",
            caption="../workflow/report/reliability.rst",
            category="3 Networks",
            labels={"model": "{model}", "figure": "calibration"},
        ),
        printed=pdf_of("{model}.training", "{model}.confusion", "{model}.reliability"),
    log:
        "results/{study}/logs/draw_training/{model}.log",
    benchmark:
        "results/{study}/benchmarks/draw_training/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        cfg={},
        code=code_of("draw_training.py"),
    script:
        "../workflow/scripts/draw_training.py"
