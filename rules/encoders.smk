"""Encoders that others trained: their weights, and their features of the original files."""


localrules:
    download_encoder,
    join_encoder,


wildcard_constraints:
    image_chunk="|".join(dict.fromkeys(sum(STAGES.encoder_chunks.values(), []))),


rule download_encoder:
    """The files of one encoder at a pinned revision, with their licence and checksums."""
    input:
        path=encoder_path,
    output:
        files=directory("results/weights/encoders/{model}"),
        provenance="results/weights/encoders/{model}.json",
    log:
        "results/weights/logs/download_encoder/{model}.log",
    benchmark:
        "results/weights/benchmarks/download_encoder/{model}.jsonl"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        cfg=lambda wildcards: {
            "name": wildcards.model,
            "encoder": encoder_part(STUDY["encoders"][wildcards.model], "files"),
            "folder": folder_signature(STUDY["encoders"][wildcards.model]["path"]),
        },
        place=lambda wildcards, output: {
            "mirror": STUDY["mirror"],
            "path": STUDY["encoders"][wildcards.model]["path"],
        },
        code=code_of("download_encoder.py"),
    script:
        "../workflow/scripts/download_encoder.py"


rule encode:
    """The features of one chunk of images by an encoder."""
    input:
        **({"text": TEXT} if STAGES.hides_text else {}),
        cohort=COHORT,
        sources=rules.read_sources.input.sources,
        encoder="results/weights/encoders/{model}",
    output:
        features="results/{study}/encoded/{model}/{image_chunk}.parquet",
        rejected="results/{study}/encoded/{model}/{image_chunk}.csv",
    log:
        "results/{study}/logs/encode/{model}.{image_chunk}.log",
    benchmark:
        "results/{study}/benchmarks/encode/{model}.{image_chunk}.jsonl"
    conda:
        "../envs/encoders.yaml"
    threads: 2
    resources:
        mem_mb=grows(6000),
        runtime=grows(60, 0.05),
        gpu=1,
    params:
        cfg=lambda wildcards: {
            "chunk": {
                "first": STAGES.encoder_chunks[wildcards.model].index(
                    wildcards.image_chunk
                ),
                "chunks": len(STAGES.encoder_chunks[wildcards.model]),
            },
            "device": STUDY["device"],
            "encoder": encoder_part(STUDY["encoders"][wildcards.model], "features"),
        },
        code=code_of("encode.py"),
    script:
        "../workflow/scripts/encode.py"


rule join_encoder:
    """One row an image, one column a unit of the encoder's output."""
    input:
        cohort=COHORT,
        chunks=lambda wildcards: expand(
            rules.encode.output.features,
            image_chunk=STAGES.encoder_chunks[wildcards.model],
            allow_missing=True,
        ),
        rejected=lambda wildcards: expand(
            rules.encode.output.rejected,
            image_chunk=STAGES.encoder_chunks[wildcards.model],
            allow_missing=True,
        ),
    output:
        features=FEATURES,
        rejected="results/{study}/encoded/{model}.rejected.csv",
    log:
        "results/{study}/logs/join_encoder/{model}.log",
    benchmark:
        "results/{study}/benchmarks/join_encoder/{model}.jsonl"
    wildcard_constraints:
        model="|".join(ENCODERS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 10),
        runtime=grows(10, 0.1),
    params:
        cfg=lambda wildcards: {"name": wildcards.model},
        code=code_of("join_encoder.py"),
    script:
        "../workflow/scripts/join_encoder.py"


if STAGES.has_external:

    rule encode_external:
        """The features of the images of external sources by an encoder."""
        input:
            **({"text": EXTERNAL_TEXT} if STAGES.hides_text else {}),
            cohort=rules.assemble_external.output.cohort,
            sources=rules.read_external.input.sources,
            encoder="results/weights/encoders/{model}",
        output:
            features="results/{study}/external/encoded/{model}.parquet",
            rejected="results/{study}/external/encoded/{model}.rejected.csv",
        log:
            "results/{study}/logs/encode_external/{model}.log",
        benchmark:
            "results/{study}/benchmarks/encode_external/{model}.jsonl"
        conda:
            "../envs/encoders.yaml"
        threads: 2
        resources:
            mem_mb=grows(6000),
            runtime=grows(60, 0.05),
            gpu=1,
        params:
            cfg=lambda wildcards: {
                "chunk": {"first": 0, "chunks": 1},
                "device": STUDY["device"],
                "encoder": encoder_part(
                    STUDY["encoders"][wildcards.model], "features"
                ),
            },
            code=code_of("encode.py"),
        script:
            "../workflow/scripts/encode.py"

    rule validate_encoder:
        """The metrics of a probe on an encoder's features in each external source."""
        input:
            cohort=rules.assemble_external.output.cohort,
            known_cohort=COHORT,
            features=rules.encode_external.output.features,
            known_features=FEATURES,
        output:
            metrics="results/{study}/external/encoders/{model}.csv",
        log:
            "results/{study}/logs/validate_encoder/{model}.log",
        benchmark:
            "results/{study}/benchmarks/validate_encoder/{model}.jsonl"
        wildcard_constraints:
            model="|".join(ENCODERS),
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1500, 10),
            runtime=grows(20, 1),
        params:
            cfg=lambda wildcards: {
                "classes": list(STUDY["cohort"]["classes"]),
                "seed": STUDY["seed"],
            },
            code=code_of("validate_encoder.py"),
        script:
            "../workflow/scripts/validate_encoder.py"
