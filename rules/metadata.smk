"""Reading the sources, decoding each image once, and cleaning all into one schema."""


wildcard_constraints:
    inspected="|".join(STAGES.inspected_chunks) or "none",


rule read_sources:
    """The rows of all sources in one schema, before any image is looked at."""
    input:
        sources=expand("results/sources/{source}", source=SOURCES),
    output:
        rows="results/{study}/read.parquet",
        rest="results/{study}/read.json",
    log:
        "results/{study}/logs/read_sources.log",
    benchmark:
        "results/{study}/benchmarks/read_sources.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(20, 0.01),
    params:
        cfg={"sources": {name: source_settings(name, "reading") for name in SOURCES}},
        code=code_of("read_sources.py"),
    script:
        "../workflow/scripts/read_sources.py"


rule inspect_images:
    """One chunk of the images, each decoded once: checks, measures and canonical pixels."""
    input:
        rows=rules.read_sources.output.rows,
        sources=rules.read_sources.input.sources,
    output:
        table="results/{study}/inspected/{inspected}.parquet",
        pixels="results/{study}/inspected/{inspected}.npy",
    log:
        "results/{study}/logs/inspect_images/{inspected}.log",
    benchmark:
        "results/{study}/benchmarks/inspect_images/{inspected}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(20, 0.1 / max(1, len(STAGES.inspected_chunks))),
    params:
        cfg=inspection_settings,
        code=code_of("inspect_images.py"),
    script:
        "../workflow/scripts/inspect_images.py"


rule clean_metadata:
    """One row for each usable image, and a reason for each other entry."""
    input:
        rows=rules.read_sources.output.rows,
        rest=rules.read_sources.output.rest,
        inspected=inspected(rules.inspect_images.output.table),
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
    threads: 1
    resources:
        mem_mb=grows(2000, 10),
        runtime=grows(20, 0.1),
    params:
        cfg={"sources": list(SOURCES)},
        code=code_of("clean_metadata.py"),
    script:
        "../workflow/scripts/clean_metadata.py"
