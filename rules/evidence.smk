"""The evidence on the clusters: significance, stability, associations, verdict."""


wildcard_constraints:
    simulations="|".join(STAGES.null_chunks),
    training_seed="|".join(map(str, STAGES.training_seeds)) or "none",


# The samples that are searched, and the search that is repeated.
SAMPLED_SEARCH = {
    "sample": {
        "classes": "embedding.classes",
        "max_images": "evidence.sample",
        "samples": "evidence.samples",
        "seed": "seed",
    },
    "search": {
        "grid": {
            "choose": "clustering.choose",
            "device": "embedding.device",
            "eps": "clustering.eps",
            "initialization": "embedding.initialization",
            "max_clusters": "clustering.max_clusters",
            "max_outliers": "clustering.max_outliers",
            "max_perplexity_share": "clustering.max_perplexity_share",
            "min_clusters": "clustering.min_clusters",
            "min_samples": "clustering.min_samples",
            "perplexities": "embedding.perplexities",
        },
        "n_perplexities": "evidence.perplexities",
    },
    "seed": "seed",
}
# Maps of a GPU are clustered on the cores beside it; a job keeps three to four busy, however many it has.
SEARCH_THREADS = 4 if ON_GPU else 1
MINIMUM = {
    "min_images": "evidence.thresholds.min_images",
    "min_patients": "evidence.thresholds.min_patients",
}


# What null models are fitted to: the model's features, or a control's.
SUBJECTS = {"features": FEATURES} | {
    control: f"results/{{study}}/controls/{{model}}.{control}.parquet"
    for control in STAGES.controls
}


localrules:
    draw_evidence,


if STAGES.has_networks:

    rule retrain:
        """The features of a network retrained with another seed."""
        input:
            cohort=COHORT,
            images=rules.assemble_cohort.output.images,
            weights=initial_weights,
        output:
            features="results/{study}/retrained/{model}.{training_seed}.parquet",
        log:
            "results/{study}/logs/retrain/{model}.{training_seed}.log",
        benchmark:
            "results/{study}/benchmarks/retrain/{model}.{training_seed}.jsonl"
        conda:
            "../envs/torch.yaml"
        threads: training_threads
        resources:
            mem_mb=training_memory,
            runtime=grows(30, 2),
            gpu=1,
        params:
            cfg=lambda wildcards: {
                **training_settings()(wildcards),
                "seed": int(wildcards.training_seed),
            },
            code=code_of("retrain.py"),
        script:
            "../workflow/scripts/retrain.py"


rule search_nulls:
    """The search for clusters in null simulations."""
    input:
        features=lambda wildcards: SUBJECTS[
            STAGES.null_chunks[wildcards.simulations]["subject"]
        ],
        cohort=COHORT,
        metadata=METADATA if STUDY["evidence"]["within"] else [],
    output:
        simulations="results/{study}/evidence/{model}/{simulations}.parquet",
    log:
        "results/{study}/logs/search_nulls/{model}.{simulations}.log",
    benchmark:
        "results/{study}/benchmarks/search_nulls/{model}.{simulations}.jsonl"
    conda:
        "../envs/torch.yaml" if ON_GPU else "../envs/analysis.yaml"
    threads: SEARCH_THREADS
    resources:
        mem_mb=grows(1500 + GPU_MB, 20),
        runtime=grows(120),
        gpu=1 if ON_GPU else 0,
    params:
        cfg=lambda wildcards: {
            **STAGES.null_chunks[wildcards.simulations],
            **settings(**SAMPLED_SEARCH, minimum=MINIMUM, within="evidence.within")(
                wildcards
            ),
        },
        code=code_of("search_nulls.py"),
    script:
        "../workflow/scripts/search_nulls.py"


rule repeat_search:
    """The search on resampled patients, other initial positions, retrained networks."""
    input:
        features=FEATURES,
        cohort=COHORT,
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
        retrained=lambda wildcards: expand(
            "results/{study}/retrained/{model}.{training_seed}.parquet",
            training_seed=STAGES.training_seeds if wildcards.model in NETWORKS else [],
            allow_missing=True,
        ),
    output:
        repeats="results/{study}/evidence/{model}/repeats.parquet",
    log:
        "results/{study}/logs/repeat_search/{model}.log",
    benchmark:
        "results/{study}/benchmarks/repeat_search/{model}.jsonl"
    conda:
        "../envs/torch.yaml" if ON_GPU else "../envs/analysis.yaml"
    threads: SEARCH_THREADS
    resources:
        mem_mb=grows(1500 + GPU_MB, 20),
        runtime=grows(60),
        gpu=1 if ON_GPU else 0,
    params:
        cfg=settings(**SAMPLED_SEARCH, minimum=MINIMUM, resamples="evidence.resamples"),
        code=code_of("repeat_search.py"),
    script:
        "../workflow/scripts/repeat_search.py"


rule assess_evidence:
    """Significance, stability and associations of the clusters, and the verdict."""
    input:
        features=FEATURES,
        cohort=COHORT,
        metadata=METADATA,
        images=rules.assemble_cohort.output.images if STAGES.has_images else [],
        synthetic=[f"results/sources/{source}" for source in SYNTHETIC],
        controls=controls_of("results/{study}/controls/{model}.{control}.parquet"),
        embeddings=expand(
            rules.embed.output.embeddings, chunk=STAGES.chunks, allow_missing=True
        ),
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
        simulations=lambda wildcards: expand(
            rules.search_nulls.output.simulations,
            simulations=STAGES.null_chunks_of(wildcards.model),
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
        "../envs/torch.yaml" if ON_GPU else "../envs/analysis.yaml"
    threads: SEARCH_THREADS
    resources:
        mem_mb=grows(1500 + GPU_MB, 30),
        runtime=grows(60, 0.2),
        gpu=1 if ON_GPU else 0,
    params:
        cfg=lambda wildcards: {
            "controls": STAGES.controls_of(wildcards.model),
            **settings(
                **SAMPLED_SEARCH,
                permutations="evidence.permutations",
                splits="evidence.splits",
                thresholds="evidence.thresholds",
                within="evidence.within",
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
        simulations=rules.assess_evidence.input.simulations,
        repeats=rules.repeat_search.output.repeats,
    output:
        nulls=report(
            "results/{study}/figures/{model}.nulls.svg",
            caption="../workflow/report/nulls.rst",
            category="5 Evidence",
            labels={"model": "{model}", "figure": "null simulations"},
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
