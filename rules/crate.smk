"""What a study was made of and by what, for machines and for reference lists."""


localrules:
    write_crate,
    crate,


rule write_crate:
    """The study as a Workflow Run RO-Crate, and its sources as BibTeX."""
    input:
        **TARGETS,
        sources=expand("results/sources/{source}.json", source=EVERY_SOURCE),
    output:
        crate="results/{study}/ro-crate-metadata.json",
        config="results/{study}/provenance/config.json",
        workflow="results/{study}/provenance/Snakefile",
        references="results/{study}/provenance/references.bib",
    log:
        "results/{study}/logs/write_crate.log",
    benchmark:
        "results/{study}/benchmarks/write_crate.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10, 0.05),
    params:
        cfg={"config": public_config(STUDY), "title": STUDY["report"]["title"]},
        code=code_of("write_crate.py"),
    script:
        "../workflow/scripts/write_crate.py"


rule crate:
    """The study's provenance as an RO-Crate: snakemake --cores all crate"""
    input:
        expand(rules.write_crate.output.crate, study=NAME),
