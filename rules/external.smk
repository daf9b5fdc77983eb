"""External validation: sources that nothing but these rules sees."""


use rule read_sources as read_external with:
    input:
        sources=expand("results/sources/{source}", source=STAGES.external),
    output:
        rows="results/{study}/external/read.parquet",
        rest="results/{study}/external/read.json",
    log:
        "results/{study}/logs/read_external.log",
    benchmark:
        "results/{study}/benchmarks/read_external.jsonl"
    params:
        cfg={
            "sources": {
                name: source_settings(name, "reading") for name in STAGES.external
            }
        },
        code=code_of("read_sources.py"),


use rule inspect_images as inspect_external with:
    input:
        rows=rules.read_external.output.rows,
        sources=rules.read_external.input.sources,
    output:
        table="results/{study}/external/inspected/{inspected}.parquet",
        pixels="results/{study}/external/inspected/{inspected}.npy",
    log:
        "results/{study}/logs/inspect_external/{inspected}.log",
    benchmark:
        "results/{study}/benchmarks/inspect_external/{inspected}.jsonl"


use rule clean_metadata as clean_external with:
    input:
        rows=rules.read_external.output.rows,
        rest=rules.read_external.output.rest,
        inspected=inspected(rules.inspect_external.output.table),
    output:
        metadata=EXTERNAL_CLEANED,
        rejected="results/{study}/external/rejected.csv",
        cleaning="results/{study}/external/cleaning.csv",
        spellings="results/{study}/external/spellings.csv",
        quality="results/{study}/external/quality.csv",
    log:
        "results/{study}/logs/clean_external.log",
    benchmark:
        "results/{study}/benchmarks/clean_external.jsonl"
    params:
        cfg={"sources": list(STAGES.external)},
        code=code_of("clean_metadata.py"),


rule assemble_external:
    """The images of the external sources, without patients and near duplicates of the cohort."""
    input:
        **(
            {"text": EXTERNAL_TEXT, "sources": rules.read_external.input.sources}
            if STAGES.hides_text
            else {}
        ),
        metadata=EXTERNAL_METADATA,
        rejected=rules.clean_external.output.rejected,
        inspected=rules.clean_external.input.inspected,
        pixels=inspected(rules.inspect_external.output.pixels),
        known=METADATA,
        known_cohort=rules.assemble_cohort.output.cohort,
        known_images=rules.assemble_cohort.output.images,
    output:
        cohort="results/{study}/external/cohort.parquet",
        images="results/{study}/external/images.npy",
        excluded="results/{study}/external/excluded.csv",
    log:
        "results/{study}/logs/assemble_external.log",
    benchmark:
        "results/{study}/benchmarks/assemble_external.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000, 1),
        runtime=grows(20, 0.2),
    params:
        cfg=lambda wildcards: {
            "sources": STAGES.external,
            **settings(
                image_size="cohort.image_size",
                near_duplicates="cohort.near_duplicates",
                same_patient_ids="evaluation.same_patient_ids",
                selection={
                    "classes": "cohort.classes",
                    "modality": "cohort.modality",
                    "per_class": "cohort.per_class",
                    "views": "cohort.views",
                },
                square="cohort.square",
            )(wildcards),
        },
        code=code_of("assemble_external.py"),
    script:
        "../workflow/scripts/assemble_external.py"


if STAGES.has_networks:

    rule evaluate_external:
        """A network's metrics in each external source, beside those of its own test images."""
        input:
            cohort=rules.assemble_external.output.cohort,
            images=rules.assemble_external.output.images,
            known_cohort=rules.assemble_cohort.output.cohort,
            known_predictions=rules.evaluate.output.predictions,
            weights=rules.train.output.weights,
            model=rules.train.output.model,
        output:
            metrics="results/{study}/models/{model}/external.csv",
            predictions="results/{study}/models/{model}/external_predictions.parquet",
        log:
            "results/{study}/logs/evaluate_external/{model}.log",
        benchmark:
            "results/{study}/benchmarks/evaluate_external/{model}.jsonl"
        conda:
            "../envs/torch.yaml"
        threads: threads_by_size
        resources:
            mem_mb=grows(2000, 4),
            runtime=grows(20, 0.5),
        params:
            cfg=settings(seed="seed", device="device"),
            code=code_of("evaluate_external.py"),
        script:
            "../workflow/scripts/evaluate_external.py"


if STAGES.has_external_baselines:

    rule validate_baselines:
        """The metrics of the baselines in each external source."""
        input:
            cohort=rules.assemble_external.output.cohort,
            images=rules.assemble_external.output.images,
            known_cohort=rules.assemble_cohort.output.cohort,
            known_images=rules.assemble_cohort.output.images,
            metadata=[
                EXTERNAL_METADATA,
                METADATA,
            ],
            quality=[
                rules.clean_external.output.quality,
                rules.clean_metadata.output.quality,
            ],
        output:
            metrics="results/{study}/external/baselines.csv",
        log:
            "results/{study}/logs/validate_baselines.log",
        benchmark:
            "results/{study}/benchmarks/validate_baselines.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1500, 8),
            runtime=grows(20, 2),
        params:
            cfg=rules.run_baselines.params.cfg,
            code=code_of("validate_baselines.py"),
        script:
            "../workflow/scripts/validate_baselines.py"
