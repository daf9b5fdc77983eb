"""The files of two sections of made-up reports: similar images, and tags with metadata."""

import numpy as np
import pandas as pd

from cxr.analysis.classifiers import predict_target
from cxr.analysis.description import frequencies, missing
from cxr.analysis.relations import relate
from cxr.analysis.settings import TaskSettings, ValidationSettings
from cxr.analysis.task import PredictionTask
from cxr.core.io import write_csv, write_json
from cxr.evaluation.multilabel import multilabel_metrics
from cxr.evaluation.tag_comparison import compare_tags, tag_precision
from cxr.figures import metadata as metadata_figures
from cxr.figures import similarity as similarity_figures
from cxr.figures.sheets import contact
from cxr.figures.tags import precision
from cxr.report.settings import ReportSettings
from cxr.similarity.comparison import COLUMNS
from cxr.similarity.sheets import Sheet
from tests.helpers.report_files import path_of, save_figures


def similar_of(text):
    """Retrieval, groups and the search of similar images."""
    keys = {"own_patient": "excluded", "level": text, "queries": 20, "patients": 9, "k": 5.0}
    row = {"space": "trained", **keys, "base_rate": 0.5, "max_attainable": 1.0}
    for name in ("precision", "average_precision", "enrichment"):
        row |= {name: 0.9, f"{name}_low": 0.8, f"{name}_high": 0.95}
    rows = [{**row, "field": "class", "level": "all", "within": ""}]
    rows += [
        {**row, "field": "class", "within": ""},
        {**row, "field": "country", "within": "class"},
    ]
    rows += [{**excluded, "own_patient": "included"} for excluded in rows]
    group = {"space": "trained", "among": "all", "group": "serious", "neighbours": "infected"}
    group |= {"reported": 0.8, "queries": 9, "patients": 5, "base_rate": 0.3, "max_attainable": 1.0}
    search = {"images": 40, "patients": 20, "features": 64, "metric": "cosine", "k": 5}
    search |= {
        "insufficient": text,
        "method": "approximate",
        "width": 64,
        "recall": 0.99,
        "sample": 9,
    }
    return (
        pd.DataFrame(rows).reindex(columns=list(COLUMNS)),
        pd.DataFrame([{**group, "share": 0.8, "low": 0.7, "high": 0.9}]),
        search,
    )


def severity_of(rng, text):
    """Estimates of severity, and the longitudinal follow-up of two patients."""
    interval = {"value": 0.5, "low": 0.2, "high": 0.8}
    row = {"target": "severity_extent", "space": "trained", "images": 9, "patients": 5}
    rows = [{**row, "method": "mean", "spearman": None, "error": interval, "gain": None}]
    rows += [{**rows[0], "method": m, "spearman": interval} for m in ("neighbours", "regression")]
    none = dict.fromkeys(("worse", "better", "change", "auc"))
    agreement = [
        {"outcome": "raters", "patients": 2, "agree": 1, "share": interval, "few": True, **none}
    ]
    drift = {"space": "trained", "patients": 2, "images": 4, "agreement": agreement}
    scores = rng.uniform(0, 8, (2, 9))
    estimates = [
        pd.DataFrame({"score": scores[0], "estimate": scores[1]}).assign(
            image_id="i00", patient_id=text, target="severity_extent", space="trained", method=m
        )
        for m in ("neighbours", "regression")
    ]
    days = pd.DataFrame({"patient_id": [text, text, "p", "p"], "image_id": ["a", "b", "c", "d"]})
    days = days.assign(offset_days=[0, 3, 0, 4], score=[1, np.nan, 2, 3], estimate=[1.0, 2, 3, 2])
    severity = {"insufficient": None, "estimates": rows, "drift": drift}
    return severity, pd.concat(estimates), days.assign(serious_share=0.2)


def draw_similar(folder, rng, text, printed=False):
    """Writes the files and figures of similar images."""
    retrieval, groups, search = similar_of(text)
    severity, estimates, days = severity_of(rng, text)
    write_csv(retrieval, path_of(folder, "retrieval"))
    write_csv(groups, path_of(folder, "groups"))
    write_json(search, path_of(folder, "search"))
    write_json(severity, path_of(folder, "severity"))
    records = pd.DataFrame({"patient_id": [text, "p"], "survival": ["no", None]}, index=["a", "c"])
    fields = {"class": [text, "normal"], "country": [text, None], "severity_extent": [3.5, None]}
    fields = pd.DataFrame(fields, index=["a", "c"])
    sheet = {f"{text}: median query": Sheet("a", ["c", "c"], 0.5)}
    pictures = dict.fromkeys("ac", np.zeros((8, 8), dtype=np.uint8))
    figures = {
        "retrieval_figure": similarity_figures.retrieval(retrieval, 5),
        "severity_figure": similarity_figures.severity(severity, estimates),
        "drift_figure": similarity_figures.drift(days, records),
        "median_figure": contact(sheet, fields, pictures, ["normal", text]),
    }
    save_figures(folder, figures, printed)


def recorded_of(text):
    """Metadata of eighty images, two a patient, in which everything has the same name."""
    i = np.arange(80)
    rows = pd.DataFrame({"image_id": [f"i{n:03d}" for n in i], "class": "a", "doi": text})
    rows["patient_id"] = [f"p{n // 2}" for n in i]
    rows["split_group"] = i // 2
    rows["severity"] = np.array(["mild", text], dtype=object)[i // 2 % 2]
    return rows.assign(location=text, age_years=20.0 + i // 2)


PREDICTED = ("severity", ["location", "age_years"])


def published_of(text):
    """An earlier study's numbers."""
    return {"study": text, "values": {"accuracy_thresh": 0.9858}, "why": text}


def metadata_settings(study, text):
    """What the page of a study of CTs with tags and an analysis says from its config."""
    return ReportSettings(
        study=study,
        title=text,
        question=text,
        modality="CT",
        predicted=PREDICTED,
        published={"tags": published_of(text), "metadata": published_of(text)},
    )


def write_metadata(folder, text, sparse=False, printed=False):
    """Writes the files and figures of tags and of the metadata's analysis.

    In `sparse` ones there was no image-level split, and no field is recorded but the target.
    """
    rows = recorded_of(text)
    target, predictors = PREDICTED
    task = PredictionTask.of(rows, TaskSettings(target, tuple(predictors), min_patients=2))
    validation = ValidationSettings(folds=2, repeats=1, permutations=1, seed=0)
    predicted = predict_target(task, validation, {"decision tree": 0.52})
    related = relate(rows, *PREDICTED, 9, 0)
    if sparse:
        related = relate(rows.assign(doi=None), "severity", [], 9, 0)
    truth = np.eye(4, dtype=bool)[np.arange(80) % 4]
    owners = rows["patient_id"].to_numpy(dtype=np.str_)
    labels = multilabel_metrics(truth, 0.5 * truth, owners, ["a", "b", text, "rare"], 2, 5, 0)
    part = {"labels": labels, "roc_auc": {"value": 0.9, "low": 0.8, "high": 0.95}}
    metrics = {text: {"splits": {"test": part}, "protocols": {} if sparse else {"random": part}}}
    spelt = pd.DataFrame({"source": text, "column": "severity", "text": [text, "x"], "rows": 1})
    spelt["value"] = ["mild", None]
    ages = {"column": "age_years", "text": ["57", "unchanged "], "rows": 1}
    ages["value"] = ["57.0", "unchanged"]
    cleaned = pd.DataFrame({"column": ["severity", text], "texts": 3, "distinct_texts": 2})
    cleaned = cleaned.assign(values=2, distinct_values=1, rows=4)
    counted = frequencies(rows, ["severity", "location"])
    tables = {
        "tags": pd.DataFrame({"tag": [text, None], "field": "severity", "value": text}).assign(
            images=2, patients=1
        ),
        "tag_comparison": compare_tags(metrics, published_of(text)),
        "tag_precision": tag_precision(metrics),
        "spellings": pd.concat([spelt, pd.DataFrame(ages)]),
        "analysis_cleaning": cleaned,
        "analysis_classifiers": predicted,
        "analysis_associations": related,
    }
    for name, table in tables.items():
        write_csv(table, path_of(folder, name))
    figures = {
        "tags_figure": precision(tables["tag_precision"]),
        "values_figure": metadata_figures.values(counted, missing(rows, ["severity"])),
        "pairs_figure": metadata_figures.pairs(rows, *PREDICTED),
        "classifiers_figure": metadata_figures.classifiers(predicted, "severity"),
    }
    save_figures(folder, figures, printed)
