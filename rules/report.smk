"""Figures and the report."""


localrules:
    draw_clusters,
    write_report,


rule draw_clusters:
    """The maps, the grid, the clustered map and the countries of each cluster."""
    input:
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
        pca_clusters=rules.score.output.pca_clusters,
        grid=rules.score.input.grid,
        countries=rules.count_countries.output.countries,
    output:
        maps=report(
            "results/{study}/figures/{model}.maps.svg",
            caption="../workflow/report/maps.rst",
            category="4 Clusters",
            labels={"model": "{model}", "figure": "PCA and t-SNE"},
        ),
        cells=report(
            "results/{study}/figures/{model}.cells.svg",
            caption="../workflow/report/cells.rst",
            category="4 Clusters",
            labels={"model": "{model}", "figure": "grid"},
        ),
        clusters=report(
            "results/{study}/figures/{model}.clusters.svg",
            caption="../workflow/report/clusters.rst",
            category="4 Clusters",
            labels={"model": "{model}", "figure": "clusters"},
        ),
        countries=report(
            "results/{study}/figures/{model}.countries.svg",
            caption="../workflow/report/countries.rst",
            category="4 Clusters",
            labels={"model": "{model}", "figure": "countries"},
        ),
    log:
        "results/{study}/logs/draw_clusters/{model}.log",
    benchmark:
        "results/{study}/benchmarks/draw_clusters/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10, 0.2),
    params:
        cfg=settings(max_perplexity_share="clustering.max_perplexity_share"),
        code=code_of("draw_clusters.py"),
    script:
        "../workflow/scripts/draw_clusters.py"


# What the page shows of images and networks, where the study has them.
LEARNED_FROM = {}
if LEARNED:
    LEARNED_FROM = {
        "flow": rules.assemble_cohort.output.flow,
        "flow_figure": rules.draw_cohort.output.figure,
        "cleaning": rules.clean_metadata.output.cleaning,
        "quality": rules.clean_metadata.output.quality,
        "excluded": rules.assemble_cohort.output.excluded,
        "provenance": rules.clean_metadata.input.provenance,
        "card_files": of_models(rules.train.output.model),
        "history_files": of_models(rules.train.output.history),
        "metrics_files": of_models(rules.evaluate.output.metrics),
        "attention_files": of_models(rules.explain.output.attention),
        "training_figures": of_models(rules.draw_training.output.training),
        "confusion_figures": of_models(rules.draw_training.output.confusion),
        "reliability_figures": of_models(rules.draw_training.output.reliability),
        "gradcam_figures": of_models(rules.explain.output.figure),
        "comparison": rules.compare_models.output.table,
        "comparison_figure": rules.compare_models.output.figure,
    }

# What the page shows of the evidence, where the study weighs it.
WEIGHED_FILES = {}
if WEIGH:
    WEIGHED_FILES = {
        "evidence_files": of_models(rules.weigh_evidence.output.evidence),
        "associations_files": of_models(rules.weigh_evidence.output.associations),
        "nulls_figures": of_models(rules.draw_evidence.output.nulls),
        "stability_figures": of_models(rules.draw_evidence.output.stability),
        "associations_figures": of_models(rules.draw_evidence.output.associations),
        "controls_figures": of_models(rules.draw_evidence.output.controls),
    }


rule write_report:
    """One page with everything, which needs no network."""
    input:
        **LEARNED_FROM,
        **WEIGHED_FILES,
        cohort=COHORT,
        rejected="results/{study}/rejected.csv",
        ranking_files=of_models(rules.score.output.ranking),
        clusters_files=of_models(rules.score.output.clusters),
        countries_files=of_models(rules.count_countries.output.countries),
        maps_figures=of_models(rules.draw_clusters.output.maps),
        cells_figures=of_models(rules.draw_clusters.output.cells),
        clusters_figures=of_models(rules.draw_clusters.output.clusters),
        countries_figures=of_models(rules.draw_clusters.output.countries),
    output:
        report=report(
            "results/{study}/report.html",
            caption="../workflow/report/report.rst",
            category="1 Report",
            labels={"page": "report"},
        ),
    log:
        "results/{study}/logs/write_report.log",
    benchmark:
        "results/{study}/benchmarks/write_report.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10, 0.2),
    params:
        cfg={
            "models": MODELS,
            "question": STUDY["report"]["question"],
            "study": NAME,
            "title": STUDY["report"]["title"],
        },
        code=code_of("write_report.py"),
    script:
        "../workflow/scripts/write_report.py"
