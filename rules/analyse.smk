"""The analysis of the metadata alone, before any image is used."""


rule analyse_metadata:
    """Cleaning, values, missing values, associations, and classifiers of one field."""
    input:
        cohort=rules.assemble_cohort.output.cohort,
        metadata=METADATA,
        cleaning=rules.clean_metadata.output.cleaning,
        spellings=rules.clean_metadata.output.spellings,
    output:
        cleaning="results/{study}/analysis/cleaning.csv",
        frequencies="results/{study}/analysis/frequencies.csv",
        missing="results/{study}/analysis/missing.csv",
        encoded="results/{study}/analysis/encoded.parquet",
        classifiers="results/{study}/analysis/classifiers.csv",
        associations="results/{study}/analysis/associations.csv",
        values_figure=report(
            "results/{study}/figures/metadata.values.svg",
            caption="../workflow/report/values.rst",
            category="2 Cohort",
            labels={"figure": "recorded values"},
        ),
        pairs_figure=report(
            "results/{study}/figures/metadata.pairs.svg",
            caption="../workflow/report/pairs.rst",
            category="2 Cohort",
            labels={"figure": "recorded fields in pairs"},
        ),
        classifiers_figure=report(
            "results/{study}/figures/metadata.classifiers.svg",
            caption="../workflow/report/classifiers.rst",
            category="2 Cohort",
            labels={"figure": "prediction from metadata"},
        ),
        printed=pdf_of("metadata.values", "metadata.pairs", "metadata.classifiers"),
    log:
        "results/{study}/logs/analyse_metadata.log",
    benchmark:
        "results/{study}/benchmarks/analyse_metadata.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 20),
        runtime=grows(30, 5),
    params:
        cfg=settings(
            published="analysis.published",
            task={
                "min_patients": "analysis.min_patients",
                "predictors": "analysis.predictors",
                "target": "analysis.target",
            },
            validation={
                "folds": "analysis.folds",
                "permutations": "analysis.permutations",
                "repeats": "analysis.repeats",
                "seed": "seed",
            },
        ),
        code=code_of("analyse_metadata.py"),
    script:
        "../workflow/scripts/analyse_metadata.py"
