"""Ranking the grid and describing the best clustering."""

# HDBSCAN's cells lie beside DBSCAN's, chunk by chunk, when the study wants them.
GRID_PARTS = ["{chunk}"] + ["{chunk}.hdbscan"] * (
    STUDY["clustering"]["hdbscan"] is not None
)


# Which cells qualify, and which is the best.
CHOICE = {
    "choose": "clustering.choose",
    "max_clusters": "clustering.max_clusters",
    "max_perplexity_share": "clustering.max_perplexity_share",
    "min_clusters": "clustering.min_clusters",
}


localrules:
    count_countries,


rule score:
    """The qualifying cells, best first, and the clusters of the best ones."""
    input:
        embeddings=expand(
            "results/{study}/embeddings/{model}/{chunk}.parquet",
            chunk=STAGES.all_chunks,
            allow_missing=True,
        ),
        grid=expand(
            "results/{study}/grid/{model}/{part}.parquet",
            part=expand(GRID_PARTS, chunk=STAGES.all_chunks),
            allow_missing=True,
        ),
    output:
        ranking="results/{study}/ranking/{model}.parquet",
        clusters="results/{study}/clusters/{model}.parquet",
        pca_clusters="results/{study}/clusters/{model}.pca.parquet",
        votes="results/{study}/clusters/{model}.votes.parquet",
        consensus="results/{study}/clusters/{model}.consensus.json",
    log:
        "results/{study}/logs/score/{model}.log",
    benchmark:
        "results/{study}/benchmarks/score/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 40),
        runtime=grows(10, 1),
    params:
        cfg=settings(
            ranking=CHOICE,
            cells={
                **CHOICE,
                "eps": "clustering.eps",
                "max_outliers": "clustering.max_outliers",
                "min_samples": "clustering.min_samples",
            },
        ),
        code=code_of("score.py"),
    script:
        "../workflow/scripts/score.py"


rule count_countries:
    """How many images of each country each cluster holds."""
    input:
        clusters=rules.score.output.clusters,
        metadata=METADATA,
    output:
        countries="results/{study}/countries/{model}.csv",
    log:
        "results/{study}/logs/count_countries/{model}.log",
    benchmark:
        "results/{study}/benchmarks/count_countries/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 10),
        runtime=grows(10),
    params:
        cfg={},
        code=code_of("count_countries.py"),
    script:
        "../workflow/scripts/count_countries.py"


TARGETS["ranking"] = of_study(rules.score.output.ranking)
TARGETS["clusters"] = of_study(rules.score.output.clusters)
TARGETS["countries"] = of_study(rules.count_countries.output.countries)
