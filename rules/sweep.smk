"""The grid of clusterings."""


rule sweep:
    """Every DBSCAN cell of one chunk of embeddings."""
    input:
        embeddings="results/{study}/embeddings/{model}/{chunk}.parquet",
    output:
        grid="results/{study}/grid/{model}/{chunk}.parquet",
    log:
        "results/{study}/logs/sweep/{model}.{chunk}.log",
    benchmark:
        "results/{study}/benchmarks/sweep/{model}.{chunk}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows_with_chunk(1000, 40),
        runtime=grows_with_chunk(10, 2),
    params:
        cfg=settings(eps="clustering.eps", min_samples="clustering.min_samples"),
        code=code_of("sweep.py"),
    script:
        "../workflow/scripts/sweep.py"


rule sweep_hdbscan:
    """Every HDBSCAN cell of one chunk of embeddings."""
    input:
        embeddings="results/{study}/embeddings/{model}/{chunk}.parquet",
    output:
        grid="results/{study}/grid/{model}/{chunk}.hdbscan.parquet",
    log:
        "results/{study}/logs/sweep_hdbscan/{model}.{chunk}.log",
    benchmark:
        "results/{study}/benchmarks/sweep_hdbscan/{model}.{chunk}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows_with_chunk(1000, 40),
        runtime=grows_with_chunk(10, 2),
    params:
        cfg=settings(
            min_cluster_size="clustering.hdbscan.min_cluster_size",
            min_samples="clustering.hdbscan.min_samples",
        ),
        code=code_of("sweep_hdbscan.py"),
    script:
        "../workflow/scripts/sweep_hdbscan.py"
