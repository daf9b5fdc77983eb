"""From a study's files to the report's page.

Figures stand in the page as images of their own, so that no text of the data
can become markup; all other text passes through the template's escaping, or
reaches the page as text content.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cxr.core.io import read_csv, read_json, read_table
from cxr.explorer.packing import compressed_json
from cxr.explorer.palette import palettes
from cxr.report import content
from cxr.report.analysis import analysis_content
from cxr.report.answer import answer, limit_of, question_of, support
from cxr.report.comparison import comparison, headline
from cxr.report.confounding import field_content
from cxr.report.content import read_if
from cxr.report.explored import explorer_pictures
from cxr.report.external import external_content
from cxr.report.formatting import image_noun
from cxr.report.glossary import glossary
from cxr.report.inputs import ReportFiles
from cxr.report.lights import lights
from cxr.report.rendering import HERE, render
from cxr.report.representations import representation_content
from cxr.report.review import review_content
from cxr.report.settings import ReportSettings
from cxr.report.table_one import single_sources, table_one
from cxr.report.tags import tags_content

# In the order in which they use one another.
SCRIPTS = (
    *("data", "colours", "canvas", "map", "grid", "bars", "tabs", "filters", "legend", "record"),
    *("export", "selections", "clusters", "agreement", "compare", "galleries", "address"),
    *("explorer", "view", "tables", "figures", "terms", "menu", "start"),
)
OVERALL = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "ece": "calibration error (ECE)",
}
PER_CLASS = (
    "precision",
    "recall",
    "f1",
    "sensitivity",
    "specificity",
    "roc_auc",
    "average_precision",
)


def build(files: ReportFiles, settings: ReportSettings, record: Mapping[str, Any]) -> str:
    """The report's page.

    Parameters
    ----------
    files : ReportFiles
    settings : ReportSettings
    record : mapping
        How the study was made, as `cxr.report.record.run_record` gives it.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere; its content security policy allows
        its own style and script, by their hashes, and images inside the page.
    """
    study = files.study
    scripts = [(HERE / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    data = _explored(files, settings.study)
    removed = [study["rejected"], study["excluded"]]
    removed += [paths["unencoded"] for paths in files.models.values()]
    cohort = read_table(study["cohort"])
    found = read_if(comparison, study["comparison"])
    models = [_model(name, paths, study) for name, paths in files.models.items()]
    countries = any(model["countries"]["names"][:-1] for model in models)
    question = question_of(settings.question, countries=countries)
    for model in models:
        model |= {"answer": answer(model, question), "support": support(model)}
        model["lights"] = lights(model, found)
    of_one_source = single_sources(cohort)
    derived = {
        "cohort": content.size(cohort),
        "table_one": table_one(cohort, read_table(study["metadata"])),
        "single_sources": of_one_source,
        "alerts": of_one_source or _confounded(models),
        "cleaning": read_if(content.cleaning, study["cleaning"]),
        "quality": read_if(content.quality, study["quality"]),
        "exclusions": content.reasons([read_csv(path) for path in removed if path]),
        "models": models,
        "comparison": found,
        "headline": headline(found),
        "tagging": tags_content(study, settings),
        "analysis": analysis_content(study, settings),
        "representations": representation_content(study["representations"]),
        "glossary": glossary(
            next((m["evidence"]["thresholds"] for m in models if m["evidence"]), None)
        ),
    }
    return render(
        "page.html",
        study=settings.study,
        title=settings.title,
        question=question,
        limit=limit_of(question, image_noun(settings.modality)),
        script="\n" + "\n".join(scripts),
        data=compressed_json(data),
        sampled=_sampled(data),
        drawn=_drawn(data),
        overall=OVERALL,
        per_class=PER_CLASS,
        record=record,
        **content.direct_content(study),
        **derived,
    )


def _model(name: str, files: Mapping[str, Any], study: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of one model."""
    return {
        **content.model(name, files),
        **field_content(files),
        **external_content(files, study),
        **review_content(files),
    }


def _thresholds(models: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Those of the evidence, None without any."""
    return next((model["evidence"]["thresholds"] for model in models if model["evidence"]), None)


def _confounded(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sentence on a field that tells a class, where one does."""
    verdicts = [model["confounding"] for model in models if model["confounding"]]
    return [found["sentence"] for found in verdicts if found["light"] == "red"][:1]


def _explored(files: ReportFiles, study: str) -> dict[str, Any]:
    """What the page's script shows."""
    return {
        "study": study,
        "palettes": palettes(),
        "models": [content.explored(name, paths) for name, paths in files.models.items()],
        "thumbnails": read_if(read_json, files.study["thumbnails"]),
        "pictures": explorer_pictures(files.study["pictures"]),
    }


def _drawn(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each model whose maps show a part of its images: its name, how many, and of how many."""
    return [
        {"name": model["name"], "shown": len(model["image_ids"]), "total": model["total"]}
        for model in data["models"]
        if "total" in model
    ]


def _sampled(data: Mapping[str, Any]) -> bool:
    """Whether a sample of the first map's images has thumbnails, and not all of them."""
    pictures, models = data["thumbnails"], data["models"]
    if pictures is None:
        return False
    return len(pictures["image_ids"]) < models[0].get("total", len(models[0]["image_ids"]))
