"""Two-dimensional maps of the features: PCA and a sweep of t-SNE."""

from cxr.planning.chunks import neighbour_reach

TARGETS["features"] = of_study(FEATURES)
ON_GPU = STUDY["embedding"]["device"] == "gpu"
# What a job asks for beside its data, where it loads torch for a GPU: MB.
GPU_MB = 4000 if ON_GPU else 0
INFOTSNE = STUDY["embedding"]["gradient"] == "infotsne"


rule find_neighbours:
    """One neighbour search for all perplexities and seeds of the study, and the map by PCA."""
    input:
        features=FEATURES,
    output:
        neighbours="results/{study}/neighbours/{model}.npz",
        search="results/{study}/neighbours/{model}.search.json",
        pca="results/{study}/embeddings/{model}/pca.parquet",
    log:
        "results/{study}/logs/find_neighbours/{model}.log",
    benchmark:
        "results/{study}/benchmarks/find_neighbours/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: threads_by_size
    resources:
        mem_mb=grows(1000, 60),
        runtime=grows(10, 3),
    params:
        cfg=lambda wildcards: {
            "classes": STUDY["embedding"]["classes"],
            "exact_up_to": STUDY["embedding"]["exact_up_to"],
            "largest_perplexity": neighbour_reach(STUDY["embedding"]["perplexities"]),
        },
        code=code_of("find_neighbours.py"),
    script:
        "../workflow/scripts/find_neighbours.py"


rule embed:
    """The t-SNE maps of some seeds and some perplexities."""
    input:
        neighbours=rules.find_neighbours.output.neighbours,
    output:
        embeddings="results/{study}/embeddings/{model}/{chunk}.parquet",
    log:
        "results/{study}/logs/embed/{model}.{chunk}.log",
    benchmark:
        "results/{study}/benchmarks/embed/{model}.{chunk}.jsonl"
    wildcard_constraints:
        chunk="|".join(STAGES.chunks),
    conda:
        "../envs/torch.yaml" if ON_GPU or INFOTSNE else "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000 + (4000 if INFOTSNE else GPU_MB), 4),
        runtime=grows(10, 0.1 * STAGES.largest_chunk),
        gpu=1 if ON_GPU else 0,
    params:
        cfg=lambda wildcards: {
            **STAGES.chunks[wildcards.chunk],
            **settings(
                tsne={
                    "device": "embedding.device",
                    "gradient": "embedding.gradient",
                    "initialization": "embedding.initialization",
                }
            )(wildcards),
        },
        code=code_of("embed.py"),
    script:
        "../workflow/scripts/embed.py"
