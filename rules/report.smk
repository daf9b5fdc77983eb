"""Figures and the report."""

from dataclasses import asdict

from cxr.planning.public import public_config
from cxr.report.inputs import report_inputs, report_tables, shown_models, study_parts

SHOWN = shown_models(STAGES)


report: "../workflow/report/workflow.rst"


localrules:
    draw_clusters,
    pack_explorer,
    show_table,
    write_report,


rule draw_clusters:
    """The maps, the grid, the votes, the clustered map and the countries of each cluster."""
    input:
        ranking=rules.score.output.ranking,
        clusters=rules.score.output.clusters,
        pca_clusters=rules.score.output.pca_clusters,
        votes=rules.score.output.votes,
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
        votes=report(
            "results/{study}/figures/{model}.votes.svg",
            caption="../workflow/report/votes.rst",
            category="4 Clusters",
            labels={"model": "{model}", "figure": "votes"},
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
            "{model}.maps",
            "{model}.cells",
            "{model}.votes",
            "{model}.clusters",
            "{model}.countries",
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
        cfg=settings(
            choose="clustering.choose",
            max_perplexity_share="clustering.max_perplexity_share",
        ),
        code=code_of("draw_clusters.py"),
    script:
        "../workflow/scripts/draw_clusters.py"


# A network's map has all images; an encoder may lack some that another one has.
MAPPED = of_models(rules.score.output.clusters)[: 1 if NETWORKS else None]


if STAGES.has_images:

    localrules:
        make_thumbnails,

    rule make_thumbnails:
        """Small pictures of the images on the maps."""
        input:
            clusters=MAPPED,
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

    rule make_pictures:
        """Pictures of 512 pixels of the images on the maps, in a folder beside the page."""
        input:
            **({"text": TEXT} if STAGES.hides_text else {}),
            clusters=MAPPED,
            cohort=COHORT,
            sources=expand("results/sources/{source}", source=SOURCES),
        output:
            pictures=directory("results/{study}/explorer/pictures"),
        log:
            "results/{study}/logs/make_pictures.log",
        benchmark:
            "results/{study}/benchmarks/make_pictures.jsonl"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000, 0.5),
            runtime=grows(10, 0.1),
        params:
            cfg=settings(seed="seed", square="cohort.square"),
            code=code_of("make_pictures.py"),
        script:
            "../workflow/scripts/make_pictures.py"


rule pack_explorer:
    """The maps, grids, fields and galleries of one model, packed for the report's explorer."""
    input:
        **(
            {
                "images": rules.assemble_cohort.output.images,
                "predictions": of_network(
                    "results/{study}/models/{model}/predictions.parquet"
                ),
            }
            if STAGES.has_images
            else {}
        ),
        **(
            {
                "associations": rules.assess_evidence.output.associations,
                "controls": rules.assess_evidence.output.maps,
            }
            if STAGES.has_evidence
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
        cfg=lambda wildcards: {
            "alpha": (
                STUDY["evidence"]["thresholds"]["alpha"]
                if STAGES.has_evidence
                else None
            ),
            "bounds": settings(
                max_clusters="clustering.max_clusters",
                min_clusters="clustering.min_clusters",
            )(wildcards),
            "room": {"models": len(MODELS), "seed": STUDY["seed"]},
        },
        code=code_of("pack_explorer.py"),
    script:
        "../workflow/scripts/pack_explorer.py"


rule write_report:
    """One page with everything, which needs no network."""
    input:
        **report_inputs(study_parts(STAGES), SHOWN, EVERY_SOURCE),
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
            "config": public_config(STUDY),
            "models": asdict(SHOWN),
        },
        code=code_of("write_report.py"),
    script:
        "../workflow/scripts/write_report.py"


TABLES = report_tables(study_parts(STAGES), SHOWN)


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
