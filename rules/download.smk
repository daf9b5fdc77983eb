"""Obtaining the sources and pre-trained weights."""


localrules:
    download,
    download_weights,


rule download:
    """One data source, obtained and verified; a synthetic one is drawn."""
    output:
        files=directory("results/sources/{source}"),
        provenance="results/sources/{source}.json",
    log:
        "results/sources/logs/download/{source}.log",
    benchmark:
        "results/sources/benchmarks/download/{source}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(120),
    params:
        cfg=lambda wildcards: {
            "name": wildcards.source,
            "source": obtained(wildcards.source),
        },
        place=unwatched(
            lambda wildcards: {
                "mirror": STUDY["mirror"],
                **told(wildcards.source, PLACES),
            }
        ),
        code=code_of("download.py"),
    script:
        "../workflow/scripts/download.py"


rule download_weights:
    """ImageNet weights of one architecture, by torchvision or from the mirror."""
    output:
        weights="results/weights/{architecture}.pth",
        provenance="results/weights/{architecture}.json",
    log:
        "results/weights/logs/download_weights/{architecture}.log",
    benchmark:
        "results/weights/benchmarks/download_weights/{architecture}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=grows(30),
    params:
        cfg=lambda wildcards: {"architecture": wildcards.architecture},
        place=unwatched(settings(mirror="mirror")),
        code=code_of("download_weights.py"),
    script:
        "../workflow/scripts/download_weights.py"
