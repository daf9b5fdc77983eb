"""Burned-in words and markers: found in chunks of images, and recorded as fields."""


wildcard_constraints:
    text_chunk="|".join(STAGES.text_chunks),


rule find_text:
    """The burned-in words and markers of one chunk of images."""
    input:
        metadata=CLEANED,
        sources=rules.read_sources.input.sources,
    output:
        boxes="results/{study}/text/{text_chunk}.parquet",
    log:
        "results/{study}/logs/find_text/{text_chunk}.log",
    benchmark:
        "results/{study}/benchmarks/find_text/{text_chunk}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, 0.1),
        runtime=grows(20, 0.5),
    params:
        cfg=lambda wildcards: {
            "first": STAGES.text_chunks.index(wildcards.text_chunk),
            "chunks": len(STAGES.text_chunks),
            "read": STUDY["cohort"]["text"]["words"] != "none",
        },
        code=code_of("find_text.py"),
    script:
        "../workflow/scripts/find_text.py"


rule record_text:
    """The metadata with the fields of burned-in text, and a table of all that was found."""
    input:
        metadata=CLEANED,
        boxes=expand(
            rules.find_text.output.boxes,
            text_chunk=STAGES.text_chunks,
            allow_missing=True,
        ),
    output:
        metadata=METADATA,
        text=TEXT,
        summary="results/{study}/text.json",
    log:
        "results/{study}/logs/record_text.log",
    benchmark:
        "results/{study}/benchmarks/record_text.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 10),
        runtime=grows(10),
    params:
        cfg=settings(words="cohort.text.words"),
        code=code_of("record_text.py"),
    script:
        "../workflow/scripts/record_text.py"


if STAGES.external:

    use rule find_text as find_external_text with:
        input:
            metadata=EXTERNAL_CLEANED,
            sources=expand("results/sources/{source}", source=STAGES.external),
        output:
            boxes="results/{study}/external/text/{text_chunk}.parquet",
        log:
            "results/{study}/logs/find_external_text/{text_chunk}.log",
        benchmark:
            "results/{study}/benchmarks/find_external_text/{text_chunk}.jsonl"

    use rule record_text as record_external_text with:
        input:
            metadata=EXTERNAL_CLEANED,
            boxes=expand(
                rules.find_external_text.output.boxes,
                text_chunk=STAGES.text_chunks,
                allow_missing=True,
            ),
        output:
            metadata=EXTERNAL_METADATA,
            text=EXTERNAL_TEXT,
            summary="results/{study}/external/text.json",
        log:
            "results/{study}/logs/record_external_text.log",
        benchmark:
            "results/{study}/benchmarks/record_external_text.jsonl"
