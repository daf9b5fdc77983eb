"""Choosing, balancing and splitting the images of a study."""


rule assemble_cohort:
    """The balanced cohort, its patient-grouped splits and its pixels."""
    input:
        metadata=rules.clean_metadata.output.metadata,
        rejected=rules.clean_metadata.output.rejected,
        sources=expand("results/sources/{source}", source=SOURCES),
    output:
        cohort="results/{study}/cohort.parquet",
        images="results/{study}/images.npy",
        excluded="results/{study}/excluded.csv",
        flow="results/{study}/flow.json",
    log:
        "results/{study}/logs/assemble_cohort.log",
    benchmark:
        "results/{study}/benchmarks/assemble_cohort.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        cfg=settings(
            image_size="cohort.image_size",
            near_duplicates="cohort.near_duplicates",
            seed="seed",
            selection={
                "classes": "cohort.classes",
                "modality": "cohort.modality",
                "per_class": "cohort.per_class",
                "views": "cohort.views",
            },
            splits="cohort.splits",
            square="cohort.square",
        ),
        code=code_of("assemble_cohort.py"),
    script:
        "../workflow/scripts/assemble_cohort.py"
