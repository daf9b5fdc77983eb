"""From a study's files to the report's page.

Figures stand in the page as images of their own, so that no text of the data
can become markup; all other text passes through the template's escaping, or
reaches the page as text content.
"""

from collections.abc import Mapping
from typing import Any

from cxr.core.io import read_csv, read_json, read_table
from cxr.explorer.packing import compressed_json
from cxr.explorer.palette import palettes
from cxr.report import content
from cxr.report.analysis import analysis_content
from cxr.report.confounding import field_content
from cxr.report.content import read_if
from cxr.report.explored import explorer_pictures
from cxr.report.external import external_content
from cxr.report.formatting import image_noun
from cxr.report.inputs import ReportFiles
from cxr.report.rendering import HERE, render
from cxr.report.review import review_content
from cxr.report.settings import ReportSettings
from cxr.report.tags import tags_content

# In the order in which they use one another.
SCRIPTS = (
    *("data", "colours", "canvas", "map", "grid", "bars", "tabs", "filters", "legend", "record"),
    *("export", "selections", "clusters", "agreement", "compare", "galleries", "address"),
    *("explorer", "view", "start"),
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
    removed = [read_csv(study[name]) for name in ("rejected", "excluded") if study[name]]
    derived = {
        "cohort": content.size(read_table(study["cohort"], columns=["image_id", "patient_id"])),
        "cleaning": read_if(content.cleaning, study["cleaning"]),
        "quality": read_if(content.quality, study["quality"]),
        "exclusions": content.reasons(removed),
        "models": [
            {
                **content.model(name, paths),
                **field_content(paths),
                **external_content(paths, study),
                **review_content(paths),
            }
            for name, paths in files.models.items()
        ],
        "comparison": read_if(content.comparison, study["comparison"]),
        "tagging": tags_content(study, settings),
        "analysis": analysis_content(study, settings),
    }
    return render(
        "page.html",
        study=settings.study,
        title=settings.title,
        question=settings.question,
        picture=image_noun(settings.modality),
        script="\n" + "\n".join(scripts),
        data=compressed_json(data),
        sampled=_sampled(data),
        overall=OVERALL,
        per_class=PER_CLASS,
        record=record,
        **content.direct_content(study),
        **derived,
    )


def _explored(files: ReportFiles, study: str) -> dict[str, Any]:
    """What the page's script shows."""
    return {
        "study": study,
        "palettes": palettes(),
        "models": [content.explored(name, paths) for name, paths in files.models.items()],
        "thumbnails": read_if(read_json, files.study["thumbnails"]),
        "pictures": explorer_pictures(files.study["pictures"]),
    }


def _sampled(data: Mapping[str, Any]) -> bool:
    """Whether a sample of the first map's images has thumbnails, and not all of them."""
    pictures, models = data["thumbnails"], data["models"]
    return pictures is not None and len(pictures["image_ids"]) < len(models[0]["image_ids"])
