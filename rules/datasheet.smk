"""What the cohort is made of, for people whom it is handed to."""


localrules:
    write_datasheet,
    datasheet,


rule write_datasheet:
    """The datasheet of the cohort, with what the study found where it has results."""
    input:
        cohort=COHORT,
        metadata=METADATA,
        rejected=rules.clean_metadata.output.rejected,
        excluded=rules.assemble_cohort.output.excluded,
        flow=rules.assemble_cohort.output.flow,
        sources=expand("results/sources/{source}.json", source=SOURCES),
        findings=existing(
            of_study("results/{study}/models/{model}/confounding.json"),
            of_study("results/{study}/evidence/{model}.json"),
        ),
    output:
        datasheet="results/{study}/datasheet.md",
    log:
        "results/{study}/logs/write_datasheet.log",
    benchmark:
        "results/{study}/benchmarks/write_datasheet.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 2),
        runtime=grows(10, 0.1),
    params:
        cfg=settings(
            seed="seed",
            selection={
                "classes": "cohort.classes",
                "image_size": "cohort.image_size",
                "modality": "cohort.modality",
                "per_class": "cohort.per_class",
                "square": "cohort.square",
                "views": "cohort.views",
            },
            study="study",
            title="report.title",
        ),
        code=code_of("write_datasheet.py"),
    script:
        "../workflow/scripts/write_datasheet.py"


rule datasheet:
    """The datasheet of the cohort: snakemake --cores all datasheet"""
    input:
        expand(rules.write_datasheet.output.datasheet, study=NAME),
