"""Whether the clusters mean anything."""


wildcard_constraints:
    draws="|".join(STAGES.null_chunks),
    again="|".join(map(str, STAGES.training_seeds)) or "none",


# The images that the evidence is weighed on, and the search that it repeats.
WEIGHED = {
    "material": {
        "classes": "embedding.classes",
        "sample": "evidence.sample",
        "seed": "seed",
    },
    "search": {
        "count": "evidence.perplexities",
        "eps": "clustering.eps",
        "initialization": "embedding.initialization",
        "max_clusters": "clustering.max_clusters",
        "max_perplexity_share": "clustering.max_perplexity_share",
        "min_clusters": "clustering.min_clusters",
        "min_samples": "clustering.min_samples",
        "perplexities": "embedding.perplexities",
    },
    "thresholds": {
        "min_images": "evidence.thresholds.min_images",
        "min_patients": "evidence.thresholds.min_patients",
    },
}


# What null models are fitted to: the model's features, or a control's.
SUBJECTS = {"features": FEATURES} | {
    control: f"results/{{study}}/controls/{{model}}.{control}.parquet"
    for control in STAGES.controls
}


localrules:
    draw_evidence,


if STAGES.has_images:

    rule retrain:
        """The features of a network trained once more, with another seed."""
        input:
            cohort=COHORT,
            images=rules.assemble_cohort.output.images,
            weights=initial_weights,
        output:
            features="results/{study}/retrained/{model}.{again}.parquet",
        log:
            "results/{study}/logs/retrain/{model}.{again}.log",
        benchmark:
            "results/{study}/benchmarks/retrain/{model}.{again}.jsonl"
        conda:
            "../envs/torch.yaml"
        threads: training_threads
        resources:
            mem_mb=grows(4000, 4),
            runtime=grows(30, 2),
            gpu=1,
        params:
            cfg=lambda wildcards: {
                **training_settings()(wildcards),
                "seed": int(wildcards.again),
            },
            code=code_of("retrain.py"),
        script:
            "../workflow/scripts/retrain.py"


rule search_nulls:
    """The search for clusters in draws that have none."""
    input:
        features=lambda wildcards: SUBJECTS[
            STAGES.null_chunks[wildcards.draws]["subject"]
        ],
        cohort=COHORT,
    output:
        draws="results/{study}/evidence/{model}/{draws}.parquet",
    log:
        "results/{study}/logs/search_nulls/{model}.{draws}.log",
    benchmark:
        "results/{study}/benchmarks/search_nulls/{model}.{draws}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 20),
        runtime=grows(120),
    params:
        cfg=lambda wildcards: {
            **STAGES.null_chunks[wildcards.draws],
            **settings(**WEIGHED)(wildcards),
        },
        code=code_of("search_nulls.py"),
    script:
        "../workflow/scripts/search_nulls.py"


rule repeat_search:
    """The search for clusters again: other patients, other starts, other trainings."""
    input:
        features=FEATURES,
        cohort=COHORT,
        ranking=rules.score.output.ranking,
        retrained=expand(
            "results/{study}/retrained/{model}.{again}.parquet",
            again=STAGES.training_seeds,
            allow_missing=True,
        ),
    output:
        repeats="results/{study}/evidence/{model}/repeats.parquet",
    log:
        "results/{study}/logs/repeat_search/{model}.log",
    benchmark:
        "results/{study}/benchmarks/repeat_search/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 20),
        runtime=grows(60),
    params:
        cfg=settings(**WEIGHED, resamples="evidence.resamples"),
        code=code_of("repeat_search.py"),
    script:
        "../workflow/scripts/repeat_search.py"


rule assess_evidence:
    """Whether the clusters are more than chance, what explains them, and the verdict."""
    input:
        features=FEATURES,
        cohort=COHORT,
        metadata=METADATA,
        images=rules.assemble_cohort.output.images if STAGES.has_images else [],
        controls=expand(
            "results/{study}/controls/{model}.{control}.parquet",
            control=STAGES.controls,
            allow_missing=True,
        ),
        embeddings=expand(
            rules.embed.output.embeddings, chunk=STAGES.chunks, allow_missing=True
        ),
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
        draws=expand(
            rules.search_nulls.output.draws,
            draws=list(STAGES.null_chunks),
            allow_missing=True,
        ),
        repeats=rules.repeat_search.output.repeats,
    output:
        evidence="results/{study}/evidence/{model}.json",
        associations="results/{study}/evidence/{model}.associations.csv",
        maps="results/{study}/evidence/{model}.maps.parquet",
    log:
        "results/{study}/logs/assess_evidence/{model}.log",
    benchmark:
        "results/{study}/benchmarks/assess_evidence/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500, 30),
        runtime=grows(60, 0.2),
    params:
        cfg=lambda wildcards: {
            "controls": STAGES.controls,
            **settings(
                **{**WEIGHED, "thresholds": "evidence.thresholds"},
                permutations="evidence.permutations",
                seed="seed",
                splits="evidence.splits",
            )(wildcards),
        },
        code=code_of("assess_evidence.py"),
    script:
        "../workflow/scripts/assess_evidence.py"


rule draw_evidence:
    """Figures of the evidence: nulls, stability, associations, controls."""
    input:
        evidence=rules.assess_evidence.output.evidence,
        associations=rules.assess_evidence.output.associations,
        maps=rules.assess_evidence.output.maps,
        clusters=rules.score.output.clusters,
        draws=rules.assess_evidence.input.draws,
        repeats=rules.repeat_search.output.repeats,
    output:
        nulls=report(
            "results/{study}/figures/{model}.nulls.svg",
            caption="../workflow/report/nulls.rst",
            category="5 Evidence",
            labels={"model": "{model}", "figure": "chance"},
        ),
        stability=report(
            "results/{study}/figures/{model}.stability.svg",
            caption="../workflow/report/stability.rst",
            category="5 Evidence",
            labels={"model": "{model}", "figure": "stability"},
        ),
        associations=report(
            "results/{study}/figures/{model}.associations.svg",
            caption="../workflow/report/associations.rst",
            category="5 Evidence",
            labels={"model": "{model}", "figure": "associations"},
        ),
        controls=report(
            "results/{study}/figures/{model}.controls.svg",
            caption="../workflow/report/controls.rst",
            category="5 Evidence",
            labels={"model": "{model}", "figure": "controls"},
        ),
        printed=pdf_of(
            "{model}.nulls",
            "{model}.stability",
            "{model}.associations",
            "{model}.controls",
        ),
    log:
        "results/{study}/logs/draw_evidence/{model}.log",
    benchmark:
        "results/{study}/benchmarks/draw_evidence/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10),
    params:
        cfg={},
        code=code_of("draw_evidence.py"),
    script:
        "../workflow/scripts/draw_evidence.py"


TARGETS["evidence"] = of_study(rules.assess_evidence.output.evidence)
