"""Obtaining the sources and pre-trained weights."""

# What the config says of a source besides its content and how it is read.
PLACES = ("folder", "mirrors")
TERMS = ("licence", "citation")


def source_content(source):
    """What a source is: whatever else the config says of it."""
    rest = set(STUDY["sources"][source]) - {*READING, *PLACES, *TERMS}
    return source_settings(source, sorted(rest))


def untracked(value):
    """A param whose change reruns nothing: Snakemake compares none that depends on the output."""
    return lambda wildcards, output: value(wildcards)


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
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(120),
    params:
        cfg=lambda wildcards: {
            "name": wildcards.source,
            "source": source_content(wildcards.source),
            # What lies in a folder on this machine; published sources are pinned.
            "folder": folder_signature(STUDY["sources"][wildcards.source].get("path")),
        },
        place=untracked(
            lambda wildcards: {
                "mirror": STUDY["mirror"],
                "source": source_settings(wildcards.source, PLACES),
            }
        ),
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
        cfg=lambda wildcards: source_settings(wildcards.source, TERMS),
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
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=grows(30),
    params:
        cfg=lambda wildcards: {"architecture": wildcards.architecture},
        place=untracked(settings(mirror="mirror")),
        code=code_of("download_weights.py"),
    script:
        "../workflow/scripts/download_weights.py"
