"""Cleaning the metadata of all sources into one schema."""


rule clean_metadata:
    """One row for each usable image, and a reason for each other entry."""
    input:
        sources=expand("results/sources/{source}", source=SOURCES),
    output:
        metadata=CLEANED,
        rejected="results/{study}/rejected.csv",
        cleaning="results/{study}/cleaning.csv",
        spellings="results/{study}/spellings.csv",
        quality="results/{study}/quality.csv",
    log:
        "results/{study}/logs/clean_metadata.log",
    benchmark:
        "results/{study}/benchmarks/clean_metadata.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000, 0.5),
        runtime=grows(20, 0.1),
    params:
        cfg={
            "sources": {name: source_settings(name, "reading") for name in SOURCES},
            "min_side": STUDY["cohort"]["min_side"],
        },
        code=code_of("clean_metadata.py"),
    script:
        "../workflow/scripts/clean_metadata.py"
