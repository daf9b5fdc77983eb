"""cxr-clusters: from chest images to clusters of learned features.

snakemake --cores all [--configfile config/studies/variants-2020.yaml]
"""

# A study stands alone: it is not laid over the default one.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "rules/common.smk"


# Features are computed from images, or come from a table.
if STAGES.has_images:

    include: "rules/download.smk"
    include: "rules/metadata.smk"

    if STAGES.has_text:

        include: "rules/text.smk"
    include: "rules/cohort.smk"

    if STAGES.has_analysis:

        include: "rules/analyse.smk"

    if STAGES.has_networks:

        include: "rules/train.smk"
        include: "rules/evaluate.smk"

    if STAGES.has_external:

        include: "rules/external.smk"

    if STAGES.has_networks:

        include: "rules/predict.smk"
    include: "rules/features.smk"

    if STAGES.has_encoders:

        include: "rules/encoders.smk"

    if STAGES.has_representations:

        include: "rules/representations.smk"
    include: "rules/datasheet.smk"

else:

    include: "rules/import.smk"


include: "rules/embed.smk"
include: "rules/sweep.smk"
include: "rules/score.smk"


if STAGES.has_evidence:

    include: "rules/evidence.smk"


if STAGES.has_similarity:

    include: "rules/similar.smk"


if STAGES.has_networks:

    include: "rules/app.smk"


include: "rules/report.smk"
include: "rules/crate.smk"
include: "rules/run.smk"


rule all:
    """The whole study."""
    default_target: True
    input:
        **TARGETS,
    localrule: True
