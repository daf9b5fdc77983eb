"""Every file that the page or Snakemake's own report shows, declared once.

The rule's inputs, the names under which builder and templates find them, and the
tables of `show_table` follow from `INPUTS`. What the page shows more needs an entry
here and its place in a template.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr.planning.stages import StudyStages

IMAGES, NETWORKS, ENCODERS = "images", "networks", "encoders"
REPRESENTATIONS, TAGS, ANALYSIS = "representations", "tags", "analysis"
EXTERNAL, EXTERNAL_BASELINES, TEXT = "external", "external_baselines", "text"
EVIDENCE, SIMILARITY = "evidence", "similarity"
PARTS = (
    *(IMAGES, NETWORKS, ENCODERS, REPRESENTATIONS, TEXT, TAGS, ANALYSIS),
    *(EXTERNAL, EXTERNAL_BASELINES, EVIDENCE, SIMILARITY),
)

STUDY = "results/{study}"


@dataclass(frozen=True)
class Input:
    """A file of a study that is shown.

    Attributes
    ----------
    name : str
        Of the rule's input, and of what templates find.
    path : str
        Relative to the working directory, with `{study}`; one file for each model or
        source where `{model}` or `{source}` is in it, of trained networks or encoders alone
        where it needs these.
    needs : tuple of str
        The parts that a study must have for the file to exist, of `PARTS`.
    direct : bool
        Whether templates find the content of the file (a figure's address, a document,
        or a table's rows) under its name as it is; `cxr.report.content` reads the others.
    page, table : bool
        Whether the page shows it, and whether it is a table with a page of its own.
    """

    name: str
    path: str
    needs: tuple[str, ...] = ()
    direct: bool = True
    page: bool = True
    table: bool = False

    @property
    def per_model(self) -> bool:
        """Whether there is one file a model."""
        return "{model}" in self.path

    def models(self, shown: "ShownModels") -> list[str]:
        """The models that have such a file."""
        if NETWORKS in self.needs:
            return list(shown.networks)
        return list(shown.encoders) if ENCODERS in self.needs else shown.all

    @property
    def per_source(self) -> bool:
        """Whether there is one file a source."""
        return "{source}" in self.path


@dataclass(frozen=True)
class ShownModels:
    """All that has features, in the order of the page.

    Attributes
    ----------
    networks, encoders, tables : sequence of str
        Trained networks, encoders, and features from a file.
    """

    networks: Sequence[str] = ()
    encoders: Sequence[str] = ()
    tables: Sequence[str] = ()

    @property
    def all(self) -> list[str]:
        """Their names."""
        return [*self.networks, *self.encoders, *self.tables]


@dataclass(frozen=True)
class ReportFiles:
    """The page's files by the names of `INPUTS`; None where the study has no such file.

    Attributes
    ----------
    study : mapping of str to path or None
        Files that are one a study; a list of paths where they are one a source.
    models : mapping of str to mapping
        By model, its files by name.
    """

    study: Mapping[str, Any]
    models: Mapping[str, Mapping[str, str | None]]


def _figure(name: str, file: str, *needs: str) -> Input:
    return Input(name, f"{STUDY}/figures/{file}.svg", needs)


def _table(name: str, file: str, *needs: str, direct: bool = True, page: bool = True) -> Input:
    return Input(name, f"{STUDY}/{file}.csv", needs, direct, page, table=True)


INPUTS = (
    # Of every study.
    Input("cohort", f"{STUDY}/cohort.parquet", direct=False),
    Input("metadata", f"{STUDY}/metadata.parquet", direct=False),
    _table("rejected", "rejected", direct=False),
    # Of every model.
    Input("ranking", f"{STUDY}/ranking/{{model}}.parquet", direct=False),
    Input("clusters", f"{STUDY}/clusters/{{model}}.parquet", direct=False),
    _table("countries", "countries/{model}", direct=False),
    Input("explorer", f"{STUDY}/explorer/{{model}}.json", direct=False),
    _figure("maps_figure", "{model}.maps"),
    _figure("cells_figure", "{model}.cells"),
    Input("consensus", f"{STUDY}/clusters/{{model}}.consensus.json"),
    _figure("votes_figure", "{model}.votes"),
    Input("nearest", f"{STUDY}/neighbours/{{model}}.search.json"),
    # Of images and networks.
    Input("thumbnails", f"{STUDY}/explorer/thumbnails.json", (IMAGES,), direct=False),
    Input("pictures", f"{STUDY}/explorer/pictures", (IMAGES,), direct=False),
    Input("sources", "results/sources/{source}.json", (IMAGES,)),
    Input("cleaning", f"{STUDY}/cleaning.csv", (IMAGES,), direct=False),
    Input("quality", f"{STUDY}/quality.csv", (IMAGES,), direct=False),
    _table("excluded", "excluded", IMAGES, direct=False),
    Input("flow", f"{STUDY}/flow.json", (IMAGES,)),
    _figure("flow_figure", "cohort_flow", IMAGES),
    Input("card", f"{STUDY}/models/{{model}}/model.json", (NETWORKS,)),
    Input("history", f"{STUDY}/models/{{model}}/history.csv", (NETWORKS,), direct=False),
    Input("metrics", f"{STUDY}/models/{{model}}/metrics.json", (NETWORKS,)),
    Input("confounding", f"{STUDY}/models/{{model}}/confounding.csv", (NETWORKS,), direct=False),
    Input("confounding_verdict", f"{STUDY}/models/{{model}}/confounding.json", (NETWORKS,)),
    Input("subgroups", f"{STUDY}/models/{{model}}/subgroups.csv", (NETWORKS,), direct=False),
    Input("review", f"{STUDY}/models/{{model}}/review.csv", (NETWORKS,), direct=False),
    Input("attention", f"{STUDY}/models/{{model}}/attention.csv", (NETWORKS,), direct=False),
    _figure("training_figure", "{model}.training", NETWORKS),
    _figure("confusion_figure", "{model}.confusion", NETWORKS),
    _figure("reliability_figure", "{model}.reliability", NETWORKS),
    _figure("gradcam_figure", "{model}.gradcam", NETWORKS),
    _figure("review_figure", "{model}.review", NETWORKS),
    _table("comparison", "comparison", NETWORKS, direct=False),
    _figure("comparison_figure", "comparison", NETWORKS),
    # Of encoders, and of all representations side by side.
    Input("encoder", "results/weights/encoders/{model}.json", (ENCODERS,)),
    _table("unencoded", "encoded/{model}.rejected", ENCODERS, direct=False),
    _table("representations", "representations", REPRESENTATIONS, direct=False),
    _figure("representations_figure", "representations", REPRESENTATIONS),
    # Of burned-in text; its words are in a table that no page shows.
    Input("burned_in_text", f"{STUDY}/text.json", (TEXT,)),
    # Of tags.
    _table("tags", "tags", TAGS),
    _table("tag_comparison", "tag_comparison", TAGS, NETWORKS, direct=False),
    _table("tag_precision", "tag_precision", TAGS, NETWORKS, direct=False),
    _figure("tags_figure", "tags", TAGS, NETWORKS),
    # Of the analysis of the metadata.
    Input("spellings", f"{STUDY}/spellings.csv", (ANALYSIS,), direct=False),
    _table("analysis_cleaning", "analysis/cleaning", ANALYSIS),
    _table("analysis_classifiers", "analysis/classifiers", ANALYSIS, direct=False),
    _table("analysis_associations", "analysis/associations", ANALYSIS),
    _table("analysis_frequencies", "analysis/frequencies", ANALYSIS, page=False),
    _table("analysis_missing", "analysis/missing", ANALYSIS, page=False),
    _figure("values_figure", "metadata.values", ANALYSIS),
    _figure("pairs_figure", "metadata.pairs", ANALYSIS),
    _figure("classifiers_figure", "metadata.classifiers", ANALYSIS),
    # Of external validation.
    _table("external", "models/{model}/external", EXTERNAL, NETWORKS, direct=False),
    _table("external_encoder", "external/encoders/{model}", EXTERNAL, ENCODERS, direct=False),
    _table(
        "unencoded_external", "external/encoded/{model}.rejected", EXTERNAL, ENCODERS, page=False
    ),
    _table("external_excluded", "external/excluded", EXTERNAL, direct=False),
    _table("external_baselines", "external/baselines", EXTERNAL_BASELINES, direct=False),
    # Of the evidence on each model's clusters.
    Input("evidence", f"{STUDY}/evidence/{{model}}.json", (EVIDENCE,)),
    _table("associations", "evidence/{model}.associations", EVIDENCE),
    _figure("nulls_figure", "{model}.nulls", EVIDENCE),
    _figure("stability_figure", "{model}.stability", EVIDENCE),
    _figure("associations_figure", "{model}.associations", EVIDENCE),
    _figure("controls_figure", "{model}.controls", EVIDENCE),
    # Of each model's similar images.
    Input("search", f"{STUDY}/similar/{{model}}.search.json", (SIMILARITY,)),
    _table("retrieval", "similar/{model}.retrieval", SIMILARITY),
    _table("groups", "similar/{model}.groups", SIMILARITY),
    _table("drift", "similar/{model}.drift", SIMILARITY, page=False),
    Input("severity", f"{STUDY}/similar/{{model}}.severity.json", (SIMILARITY,)),
    _figure("retrieval_figure", "{model}.retrieval", SIMILARITY),
    _figure("severity_figure", "{model}.severity", SIMILARITY),
    _figure("drift_figure", "{model}.drift", SIMILARITY),
    _figure("median_figure", "{model}.similar-median", IMAGES, SIMILARITY),
)


def study_parts(stages: StudyStages) -> frozenset[str]:
    """The parts that a study has, of `PARTS`."""
    return frozenset(part for part in PARTS if getattr(stages, f"has_{part}"))


def shown_models(stages: StudyStages) -> ShownModels:
    """The models of a study by what they are."""
    return ShownModels(stages.networks, stages.encoders, [] if stages.has_images else stages.models)


def report_inputs(
    parts: Collection[str], models: ShownModels, sources: Sequence[str]
) -> dict[str, str | list[str]]:
    """The named inputs of the rule that writes the page.

    Parameters
    ----------
    parts : collection of str
        What the study has, of `PARTS`.
    models : ShownModels
    sources : sequence of str

    Returns
    -------
    dict
        A path with `{study}` for each input that the study has; a list of them, in the
        order of the models or sources, where there is one for each.
    """
    return {file.name: _paths(file, models, sources) for file in _of(parts) if file.page}


def report_tables(parts: Collection[str], models: ShownModels) -> list[str]:
    """The tables that get a page of their own: paths below the study's folder, without suffix."""
    paths: list[str] = []
    for file in _of(parts):
        if file.table:
            expanded = _paths(file, models, ())
            paths += [expanded] if isinstance(expanded, str) else expanded
    return [path.removeprefix(f"{STUDY}/").removesuffix(".csv") for path in paths]


def report_files(inputs: Mapping[str, Any], models: ShownModels) -> ReportFiles:
    """The page's files by name, from the inputs of the rule.

    Parameters
    ----------
    inputs : mapping of str to path or sequence of paths
        As `report_inputs` names them.
    models : ShownModels
        As for those inputs.
    """
    shown = [file for file in INPUTS if file.page]

    def of_model(file: Input, model: str) -> str | None:
        having = file.models(models)
        if file.name not in inputs or model not in having:
            return None
        return str(inputs[file.name][having.index(model)])

    return ReportFiles(
        study={file.name: inputs.get(file.name) for file in shown if not file.per_model},
        models={
            model: {file.name: of_model(file, model) for file in shown if file.per_model}
            for model in models.all
        },
    )


def _of(parts: Collection[str]) -> list[Input]:
    """The files that a study with such parts has."""
    return [file for file in INPUTS if set(file.needs) <= set(parts)]


def _paths(file: Input, models: ShownModels, sources: Sequence[str]) -> str | list[str]:
    if file.per_model:
        return [file.path.replace("{model}", model) for model in file.models(models)]
    if file.per_source:
        return [file.path.replace("{source}", source) for source in sources]
    return file.path
