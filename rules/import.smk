"""Features that were computed elsewhere, in place of all stages before the maps."""


rule import_features:
    """The study's table of features as the files that the stages before would have written."""
    input:
        table=local(STUDY["features"]["from_file"]),
    output:
        metadata=METADATA,
        cohort=COHORT,
        features=expand(FEATURES, model=MODELS, allow_missing=True)[0],
        rejected="results/{study}/rejected.csv",
    log:
        "results/{study}/logs/import_features.log",
    benchmark:
        "results/{study}/benchmarks/import_features.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10, 0.1),
    params:
        cfg=settings(
            columns="features.columns",
            fields="features.fields",
            name="features.name",
        ),
        code=code_of("import_features.py"),
    script:
        "../workflow/scripts/import_features.py"
