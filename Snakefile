"""cxr-clusters: from chest images to clusters of learned features.

snakemake --cores all
snakemake --cores all --configfile config/studies/variants-2020.yaml
"""

from snakemake.utils import min_version

min_version("9.0")

# A study stands alone: it is not laid over the default one.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"


# Features are learned from images, or come from a file.
if LEARNED:

    include: "rules/download.smk"
    include: "rules/metadata.smk"
    include: "rules/cohort.smk"

    if ANALYSED:

        include: "rules/analyse.smk"
    include: "rules/train.smk"
    include: "rules/evaluate.smk"
    include: "rules/predict.smk"
    include: "rules/features.smk"

else:

    include: "rules/import.smk"


include: "rules/embed.smk"
include: "rules/sweep.smk"
include: "rules/score.smk"


if WEIGH:

    include: "rules/evidence.smk"


if SIMILAR:

    include: "rules/similar.smk"


include: "rules/report.smk"
include: "rules/plan.smk"


report: "workflow/report/workflow.rst"


localrules:
    all,


rule all:
    """The whole study."""
    default_target: True
    input:
        report=f"results/{NAME}/report.html",
        tables=expand(rules.show_table.output.page, study=NAME, table=TABLES),
        features=expand(FEATURES, study=NAME, model=MODELS),
        ranking=expand(rules.score.output.ranking, study=NAME, model=MODELS),
        clusters=expand(rules.score.output.clusters, study=NAME, model=MODELS),
        countries=expand(
            rules.count_countries.output.countries, study=NAME, model=MODELS
        ),
        evidence=(
            expand(rules.assess_evidence.output.evidence, study=NAME, model=MODELS)
            if WEIGH
            else []
        ),
        similar=(
            expand(rules.find_similar.output.neighbours, study=NAME, model=MODELS)
            if SIMILAR
            else []
        ),
        sheets=(
            expand(rules.draw_sheets.output.worst, study=NAME, model=MODELS)
            if SIMILAR and LEARNED
            else []
        ),


onstart:
    begin()


onsuccess:
    if Path(f"results/{NAME}/report.html").exists():
        print(f"\nThe report is in results/{NAME}/report.html", file=sys.stderr)
