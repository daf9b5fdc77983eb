"""A trained network as a page for a browser, and its model card."""


localrules:
    fetch_runtime,
    write_card,
    app,
    card,


# Of `model=` where it is named, else of every network.
PAGES = [STUDY["model"]] if STUDY["model"] in NETWORKS else NETWORKS

# What both the page and the card are written from.
CARD_INPUTS = {
    **(
        {"external": rules.evaluate_external.output.metrics}
        if STAGES.has_external
        else {}
    ),
    "cohort": COHORT,
    "card": rules.train.output.model,
    "metrics": rules.evaluate.output.metrics,
    "confounding": rules.stratify.output.confounding,
    "subgroups": rules.stratify.output.subgroups,
    "verdict": rules.stratify.output.verdict,
    "sources": expand("results/sources/{source}.json", source=EVERY_SOURCE),
}


rule fetch_runtime:
    """The programs that the page runs on, pinned: from the mirror, or by npm."""
    output:
        files=directory("results/runtime/files"),
        provenance="results/runtime/runtime.json",
    log:
        "results/runtime/logs/fetch_runtime.log",
    benchmark:
        "results/runtime/benchmarks/fetch_runtime.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(30),
    params:
        cfg={},
        place=lambda wildcards, output: {"mirror": STUDY["mirror"]},
        code=code_of("fetch_runtime.py"),
    script:
        "../workflow/scripts/fetch_runtime.py"


rule make_app:
    """A network as one HTML file that classifies images offline."""
    input:
        **CARD_INPUTS,
        images=rules.assemble_cohort.output.images,
        weights=rules.train.output.weights,
        predictions=rules.evaluate.output.predictions,
        features=FEATURES,
        clusters=rules.score.output.clusters,
        runtime=rules.fetch_runtime.output.files,
        provenance=rules.fetch_runtime.output.provenance,
    output:
        app="results/{study}/app/{model}.html",
    log:
        "results/{study}/logs/make_app/{model}.log",
    benchmark:
        "results/{study}/benchmarks/make_app/{model}.jsonl"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=grows(3000, 4),
        runtime=grows(30),
    params:
        cfg=lambda wildcards: app_settings(wildcards.model),
        code=code_of("make_app.py"),
    script:
        "../workflow/scripts/make_app.py"


rule app:
    """The pages of all networks, or of one: snakemake --cores all app --config model=NAME"""
    input:
        expand(rules.make_app.output.app, study=NAME, model=PAGES),


rule write_card:
    """The model card of a network beside its weights, in the format of model hubs."""
    input:
        **CARD_INPUTS,
    output:
        readme="results/{study}/models/{model}/README.md",
    log:
        "results/{study}/logs/write_card/{model}.log",
    benchmark:
        "results/{study}/benchmarks/write_card/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        cfg=lambda wildcards: {
            "study": NAME,
            "model": wildcards.model,
            "title": STUDY["report"]["title"],
        },
        code=code_of("write_card.py"),
    script:
        "../workflow/scripts/write_card.py"


rule card:
    """Model cards, weights and ONNX files: snakemake --cores all card"""
    input:
        expand(rules.write_card.output.readme, study=NAME, model=PAGES),
        expand(rules.export_onnx.output.onnx, study=NAME, model=PAGES),
