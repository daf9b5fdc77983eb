"""Obtaining the sources and pre-trained weights."""


localrules:
    download,
    record_source,
    download_weights,


rule download:
    """One data source, obtained and verified; a synthetic one is drawn."""
    output:
        files=directory("results/sources/{source}"),
        obtained="results/sources/{source}.obtained.json",
    log:
        "results/sources/logs/download/{source}.log",
    benchmark:
        "results/sources/benchmarks/download/{source}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: drawing_threads
    resources:
        mem_mb=grows(1000),
        runtime=grows(120),
    params:
        cfg=lambda wildcards: {
            "name": wildcards.source,
            "source": source_settings(wildcards.source, "content"),
            # What lies in a folder on this machine; published sources are pinned.
            "folder": folder_signature(STUDY["sources"][wildcards.source].get("path")),
        },
        # A param that depends on the output is not compared: a place reruns nothing.
        place=lambda wildcards, output: {
            "mirror": STUDY["mirror"],
            "source": source_settings(wildcards.source, "places"),
        },
        code=code_of("download.py"),
    script:
        "../workflow/scripts/download.py"


rule record_source:
    """The provenance of one data source, with its licence and how to cite it."""
    input:
        obtained=rules.download.output.obtained,
    output:
        provenance="results/sources/{source}.json",
    log:
        "results/sources/logs/record_source/{source}.log",
    benchmark:
        "results/sources/benchmarks/record_source/{source}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(5),
    params:
        cfg=lambda wildcards: source_settings(wildcards.source, "terms"),
        code=code_of("record_source.py"),
    script:
        "../workflow/scripts/record_source.py"


rule download_weights:
    """ImageNet weights of one architecture, by torchvision or from the mirror."""
    output:
        weights="results/weights/{architecture}.pth",
        provenance="results/weights/{architecture}.json",
    log:
        "results/weights/logs/download_weights/{architecture}.log",
    benchmark:
        "results/weights/benchmarks/download_weights/{architecture}.jsonl"
    wildcard_constraints:
        architecture="[A-Za-z0-9_]+",
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=grows(30),
    params:
        cfg=lambda wildcards: {"architecture": wildcards.architecture},
        place=lambda wildcards, output: {"mirror": STUDY["mirror"]},
        code=code_of("download_weights.py"),
    script:
        "../workflow/scripts/download_weights.py"
