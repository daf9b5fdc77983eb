"""The grid of DBSCAN cells."""


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
        mem_mb=2000,
        runtime=60,
    params:
        cfg=settings(eps="clustering.eps", min_samples="clustering.min_samples"),
        code=code_of("sweep.py"),
    script:
        "../workflow/scripts/sweep.py"
