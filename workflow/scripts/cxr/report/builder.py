"""From a study's files to the report's page.

Figures stand in the page as images of their own, so that no text of the data
can become markup; all other text passes through the template's escaping, or
reaches the page as text content.
"""

from collections.abc import Mapping
from typing import Any

from cxr.core.io import read_csv, read_json, read_table
from cxr.explorer.packing import script_json
from cxr.figures.style import OUTLIER, PALETTE, ramp
from cxr.report import content as material
from cxr.report.content import StudyFiles, Words, read_if
from cxr.report.formatting import image_noun
from cxr.report.metadata import analysis, tagging
from cxr.report.pictures import picture
from cxr.report.rendering import HERE, render

SCRIPTS = ("data", "colours", "map", "grid", "bars", "explorer")
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


def build(files: StudyFiles, words: Words, record: Mapping[str, Any]) -> str:
    """The report's page.

    Parameters
    ----------
    files : StudyFiles
    words : Words
        What the page says from the config.
    record : mapping
        How the study was made, as `cxr.report.record.run_record` gives it.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere; its content security policy allows
        its own style and script, by their hashes, and images inside the page.
    """
    scripts = [(HERE / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    data = _explored(files, words.study)
    left_out = [read_csv(path) for path in (files.rejected, files.excluded) if path]
    return render(
        "page.html",
        study=words.study,
        title=words.title,
        question=words.question,
        picture=image_noun(words.modality),
        script="\n" + "\n".join(scripts),
        data=script_json(data),
        sampled=_sampled(data),
        flow=read_if(read_json, files.flow),
        flow_figure=read_if(picture, files.flow_figure),
        cohort=material.size(read_table(files.cohort, columns=["image_id", "patient_id"])),
        sources=[read_json(path) for path in files.provenance],
        cleaning=read_if(material.cleaning, files.cleaning),
        quality=read_if(material.quality, files.quality),
        left_out=material.reasons(left_out),
        models=[material.model(files_of) for files_of in files.models],
        comparison=read_if(material.comparison, files.comparison),
        comparison_figure=read_if(picture, files.comparison_figure),
        tags=tagging(files, words),
        analysis=analysis(files, words),
        overall=OVERALL,
        per_class=PER_CLASS,
        record=record,
    )


def _explored(files: StudyFiles, study: str) -> dict[str, Any]:
    """What the page's script shows."""
    return {
        "study": study,
        "palette": {"colours": PALETTE, "outlier": OUTLIER, "ramp": ramp()},
        "models": [material.explored(model) for model in files.models],
        "thumbnails": read_if(read_json, files.thumbnails),
    }


def _sampled(data: Mapping[str, Any]) -> bool:
    """Whether some images of the first map have no picture although others have one."""
    pictures, models = data["thumbnails"], data["models"]
    return pictures is not None and len(pictures["image_ids"]) < len(models[0]["image_ids"])
