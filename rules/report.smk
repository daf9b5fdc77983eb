"""Figures and the report."""


report: "../workflow/report/workflow.rst"


localrules:
    draw_clusters,
    pack_explorer,
    show_table,
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
        printed=pdf_of(
            "{model}.maps", "{model}.cells", "{model}.clusters", "{model}.countries"
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


# Pictures of the images, where the study has any.
PICTURES = {}
if STAGES.has_images:

    localrules:
        make_thumbnails,

    rule make_thumbnails:
        """Small pictures of the images on the maps."""
        input:
            clusters=of_models(rules.score.output.clusters)[0],
            cohort=COHORT,
            images=rules.assemble_cohort.output.images,
        output:
            thumbnails="results/{study}/explorer/thumbnails.json",
        log:
            "results/{study}/logs/make_thumbnails.log",
        benchmark:
            "results/{study}/benchmarks/make_thumbnails.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000, 4),
            runtime=grows(10, 0.1),
        params:
            cfg=settings(seed="seed"),
            code=code_of("make_thumbnails.py"),
        script:
            "../workflow/scripts/make_thumbnails.py"

    PICTURES = {"thumbnails": rules.make_thumbnails.output.thumbnails}


rule pack_explorer:
    """The maps, grids and fields of one model, packed for the report's explorer."""
    input:
        **(
            {"predictions": rules.evaluate.output.predictions}
            if STAGES.has_images
            else {}
        ),
        **(
            {"similar": rules.find_similar.output.neighbours}
            if STAGES.has_similarity
            else {}
        ),
        cohort=COHORT,
        metadata=METADATA,
        embeddings=rules.score.input.embeddings,
        grid=rules.score.input.grid,
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
    output:
        explorer="results/{study}/explorer/{model}.json",
    log:
        "results/{study}/logs/pack_explorer/{model}.log",
    benchmark:
        "results/{study}/benchmarks/pack_explorer/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 40),
        runtime=grows(10, 0.5),
    params:
        cfg=settings(
            max_clusters="clustering.max_clusters",
            min_clusters="clustering.min_clusters",
        ),
        code=code_of("pack_explorer.py"),
    script:
        "../workflow/scripts/pack_explorer.py"


# What the page shows of images and networks, where the study has them.
LEARNED_FROM = {}
if STAGES.has_images:
    LEARNED_FROM = {
        "flow": rules.assemble_cohort.output.flow,
        "flow_figure": rules.draw_cohort.output.figure,
        "cleaning": rules.clean_metadata.output.cleaning,
        "quality": rules.clean_metadata.output.quality,
        "excluded": rules.assemble_cohort.output.excluded,
        "provenance": expand(rules.record_source.output.provenance, source=SOURCES),
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

if STAGES.has_tags:
    LEARNED_FROM |= {
        "tag_metrics": rules.compare_tags.output.table,
        "tag_precision": rules.compare_tags.output.each,
        "tags_figure": rules.compare_tags.output.figure,
        "tags": rules.assemble_cohort.output.tags,
    }

if STAGES.has_analysis:
    LEARNED_FROM |= {
        "spellings": rules.clean_metadata.output.spellings,
        "analysis_cleaning": rules.analyse_metadata.output.cleaning,
        "analysis_classifiers": rules.analyse_metadata.output.classifiers,
        "analysis_associations": rules.analyse_metadata.output.associations,
        "values_figure": rules.analyse_metadata.output.values_figure,
        "pairs_figure": rules.analyse_metadata.output.pairs_figure,
        "classifiers_figure": rules.analyse_metadata.output.classifiers_figure,
    }

# What the page shows of the evidence, where the study weighs it.
WEIGHED_FILES = {}
if STAGES.has_evidence:
    WEIGHED_FILES = {
        "evidence_files": of_models(rules.assess_evidence.output.evidence),
        "associations_files": of_models(rules.assess_evidence.output.associations),
        "nulls_figures": of_models(rules.draw_evidence.output.nulls),
        "stability_figures": of_models(rules.draw_evidence.output.stability),
        "associations_figures": of_models(rules.draw_evidence.output.associations),
        "controls_figures": of_models(rules.draw_evidence.output.controls),
    }


# What the page shows of similar images, where the study looks for them.
SIMILAR_FILES = {}
if STAGES.has_similarity:
    SIMILAR_FILES = {
        "search_files": of_models(rules.find_similar.output.search),
        "retrieval_files": of_models(rules.measure_similarity.output.retrieval),
        "groups_files": of_models(rules.measure_similarity.output.groups),
        "severity_files": of_models(rules.estimate_severity.output.severity),
        "retrieval_figures": of_models(rules.draw_similar.output.retrieval),
        "severity_figures": of_models(rules.draw_similar.output.severity),
        "drift_figures": of_models(rules.draw_similar.output.drift),
    }
if STAGES.has_similarity and STAGES.has_images:
    SIMILAR_FILES["median_figures"] = of_models(rules.draw_sheets.output.median)


rule write_report:
    """One page with everything, which needs no network."""
    input:
        **LEARNED_FROM,
        **WEIGHED_FILES,
        **SIMILAR_FILES,
        **PICTURES,
        cohort=COHORT,
        rejected="results/{study}/rejected.csv",
        ranking_files=of_models(rules.score.output.ranking),
        clusters_files=of_models(rules.score.output.clusters),
        countries_files=of_models(rules.count_countries.output.countries),
        explorer_files=of_models(rules.pack_explorer.output.explorer),
        maps_figures=of_models(rules.draw_clusters.output.maps),
        cells_figures=of_models(rules.draw_clusters.output.cells),
    output:
        report=report(
            "results/{study}/report.html",
            caption="../workflow/report/report.rst",
            category="1 Explore",
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
            "config": {**STUDY, "images": None, "mirror": None, "query": None},
            "models": MODELS,
        },
        code=code_of("write_report.py"),
    script:
        "../workflow/scripts/write_report.py"


TABLES = [
    *expand("countries/{model}", model=MODELS),
    *(["comparison", "excluded"] if STAGES.has_images else []),
    *(["tag_comparison", "tag_precision", "tags"] if STAGES.has_tags else []),
    *expand(
        "analysis/{table}",
        table=["associations", "classifiers", "cleaning", "frequencies", "missing"]
        * STAGES.has_analysis,
    ),
    *(
        expand("evidence/{model}.associations", model=MODELS)
        if STAGES.has_evidence
        else []
    ),
    *(
        expand(
            "similar/{model}.{table}",
            model=MODELS,
            table=["retrieval", "groups", "drift"],
        )
        if STAGES.has_similarity
        else []
    ),
    "rejected",
]


wildcard_constraints:
    table="|".join(TABLES),


rule show_table:
    """A table as a page, for Snakemake's own report."""
    input:
        table="results/{study}/{table}.csv",
    output:
        page=report(
            "results/{study}/tables/{table}.html",
            caption="../workflow/report/table.rst",
            category="6 Tables",
            labels={"table": "{table}"},
        ),
    log:
        "results/{study}/logs/show_table/{table}.log",
    benchmark:
        "results/{study}/benchmarks/show_table/{table}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, 30),
        runtime=grows(10, 0.2),
    params:
        code=code_of("show_table.py"),
    script:
        "../workflow/scripts/show_table.py"


TARGETS["report"] = of_study(rules.write_report.output.report)
TARGETS["tables"] = expand(rules.show_table.output.page, study=NAME, table=TABLES)
