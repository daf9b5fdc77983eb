"""What the page shows of each of a study's files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxr.clustering.ranking import best_cell
from cxr.core.io import read_csv, read_json, read_table
from cxr.evaluation.comparison import main_protocol, unbeaten_shortcuts
from cxr.evidence.verdict import format_p
from cxr.figures.style import cluster_name
from cxr.images.quality import FLAGGED_ABOVE
from cxr.report.pictures import picture

BEST_CELLS = 10


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model that the report shows.

    Attributes
    ----------
    ranking, clusters, countries : path
    figures : mapping of str to path
        maps, cells; of a network that was trained here also
        training, confusion, reliability, gradcam, and where the clusters are
        weighed nulls, stability, associations, controls; where similar images are
        looked for retrieval, severity, drift, and of images median.
    card, history, metrics, attention : path, optional
        Of a network that was trained here.
    explorer : path
        The maps, grids and fields, packed.
    evidence, associations : path, optional
        Where the study weighs its clusters.
    search, retrieval, groups, severity : path, optional
        Where the study looks for similar images.
    """

    name: str
    ranking: str
    clusters: str
    countries: str
    explorer: str
    figures: Mapping[str, str]
    card: str | None = None
    history: str | None = None
    metrics: str | None = None
    attention: str | None = None
    evidence: str | None = None
    associations: str | None = None
    search: str | None = None
    retrieval: str | None = None
    groups: str | None = None
    severity: str | None = None


@dataclass(frozen=True)
class Words:
    """What the page says from the study's config.

    Attributes
    ----------
    study, title, question : str
        The study's name, and words of the report.
    modality : str, optional
        Of the images; None where only features are given.
    predicted : pair of a str and a sequence of str, optional
        The field that the analysis of the metadata predicts, and from which.
    published : mapping of str to mapping
        For `metadata` and `tags` an earlier study's numbers, with `study` and `why`; None
        where there are none.
    """

    study: str
    title: str
    question: str
    modality: str | None = "X-ray"
    predicted: tuple[str, Sequence[str]] | None = None
    published: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFiles:
    """The files of a study that the report shows; those of images and networks are optional."""

    cohort: str
    rejected: str
    models: Sequence[ModelFiles]
    flow: str | None = None
    flow_figure: str | None = None
    cleaning: str | None = None
    quality: str | None = None
    excluded: str | None = None
    comparison: str | None = None
    comparison_figure: str | None = None
    thumbnails: str | None = None
    tags: str | None = None
    tag_metrics: str | None = None
    tag_precision: str | None = None
    tags_figure: str | None = None
    spellings: str | None = None
    analysis_cleaning: str | None = None
    analysis_classifiers: str | None = None
    analysis_associations: str | None = None
    values_figure: str | None = None
    pairs_figure: str | None = None
    classifiers_figure: str | None = None
    provenance: Sequence[str] = ()


def read_if(read: Callable[[str], Any], path: str | None) -> Any:
    """What is read from a file, None where the study has no such file."""
    return None if path is None else read(path)


def comparison(path: str) -> dict[str, Any]:
    """Networks and baselines by protocol, and the baselines that are as good as a network."""
    table = read_csv(path)
    metrics = ("accuracy", "macro_f1", "roc_auc", "ece", "difference")
    groups = []
    for protocol, rows in table.groupby("protocol"):
        lines = [
            {
                "name": row["name"],
                "kind": row["kind"],
                "parameters": row["parameters"],
                **{metric: _metric(row, metric) for metric in metrics},
            }
            for _, row in rows.iterrows()
        ]
        sizes = {"images": int(rows["images"].max()), "patients": int(rows["patients"].max())}
        groups.append({"protocol": str(protocol), "rows": lines, **sizes})
    counts = main_protocol(list(table["protocol"]))
    groups.sort(key=lambda group: (group["protocol"] != counts, group["protocol"]))
    has = bool((table["kind"] != "network").any())
    return {
        "groups": groups,
        "shortcuts": list(unbeaten_shortcuts(table)["name"]),
        "baselines": has,
    }


def _metric(row: pd.Series, name: str) -> dict[str, float | None]:
    """A metric of the comparison table as the metrics documents have it."""
    columns = {"value": name, "low": f"{name}_low", "high": f"{name}_high"}
    return {
        key: None if pd.isna(row[column]) else float(row[column]) for key, column in columns.items()
    }


def attention(path: str) -> dict[str, float | None]:
    """Mean shares of Grad-CAM in the lungs and at the border, and those of an even map."""
    table = read_csv(path)
    names = ("in_lungs", "in_border", "lung_area", "border_area")
    means = table[list(names)].mean()
    return {name: None if pd.isna(means[name]) else float(means[name]) for name in names}


def size(cohort: pd.DataFrame) -> dict[str, int]:
    return {"images": len(cohort), "patients": int(cohort["patient_id"].nunique())}


def reasons(tables: Sequence[pd.DataFrame]) -> list[dict[str, Any]]:
    """Stages and reasons with their numbers of entries, the commonest first."""
    entries = pd.concat(tables, ignore_index=True)
    counts = entries.groupby(["stage", "reason"]).size().reset_index(name="entries")
    counts = counts.sort_values(["entries", "stage", "reason"], ascending=[False, True, True])
    return counts.to_dict("records")


def cleaning(path: str) -> list[dict[str, Any]]:
    """Sources and columns with the numbers of their values, as `cleaning.csv` has them."""
    table = read_csv(path)
    known = table.astype("object").where(table.notna(), "")
    return known.to_dict("records")


def quality(path: str) -> list[dict[str, Any]]:
    """How many images each flag is on, of those that are usable."""
    on = read_csv(path)["flags"].fillna("").str.split()
    return [
        {"flag": flag, "limit": limit, "images": int(sum(flag in flags for flags in on))}
        for flag, limit in FLAGGED_ABOVE.items()
    ]


def model(files: ModelFiles) -> dict[str, Any]:
    """What the page shows of one model."""
    ranking = read_table(files.ranking)
    cell, pca = best_cell(ranking, "tsne"), best_cell(ranking, "pca")
    hdbscan = best_cell(ranking, "tsne", "hdbscan")
    clusters = read_table(files.clusters, columns=["cluster"])
    return {
        "name": files.name,
        "card": read_if(read_json, files.card),
        "history": read_if(_history, files.history),
        "metrics": read_if(read_json, files.metrics),
        "attention": read_if(attention, files.attention),
        "figures": {name: picture(path) for name, path in files.figures.items()},
        "cell": None if cell is None else _cell(cell),
        "pca": None if pca is None else _cell(pca),
        "hdbscan": None if hdbscan is None else _cell(hdbscan),
        "qualifying": len(ranking),
        "best": [_cell(row) for _, row in ranking.head(BEST_CELLS).iterrows()],
        "mapped": len(clusters),
        "countries": _countries(read_csv(files.countries)),
        "evidence": read_if(read_json, files.evidence),
        "associations": read_if(records, files.associations),
        "similar": None if files.search is None else similar(files),
    }


def similar(files: ModelFiles) -> dict[str, Any]:
    """What the page shows of a model's similar images."""
    rows = read_if(records, files.retrieval) or []
    return {
        "search": read_if(read_json, files.search),
        "classes": [row for row in rows if row["field"] == "class"],
        "fields": [row for row in rows if row["field"] != "class"],
        "groups": read_if(records, files.groups),
        "severity": read_if(read_json, files.severity),
    }


def explored(files: ModelFiles) -> dict[str, Any]:
    """What the page's script shows of one model, and what was asked of its fields."""
    rows = read_if(records, files.associations) or []
    tests = {row["field"]: _asked(row) for row in rows if row["missing"] == "level"}
    return {"name": files.name, "tests": tests, **read_json(files.explorer)}


def _asked(row: Mapping[str, Any]) -> str:
    """The result of a field's test against the clusters in words."""
    if row["effect"] is None or row["p"] is None:
        return "It can't be compared with the clusters: too few values or patients."
    measure = {"cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}
    within = "" if row["low"] is None else f" (95% interval {row['low']:.2f} to {row['high']:.2f})"
    return (
        f"{measure[row['measure']]} with the clusters {row['effect']:.2f}{within}; whole patients "
        f"permuted, p {format_p(row['p'])}, adjusted over the fields q {format_p(row['q'])}."
    )


def records(path: str) -> list[dict[str, Any]]:
    """A table's rows, null where nothing stands."""
    table = read_csv(path).astype("object")
    return table.where(table.notna(), None).to_dict("records")


def _history(path: str) -> list[dict[str, Any]]:
    """The epochs of a training."""
    return read_csv(path).round(4).to_dict("records")


def _cell(row: pd.Series) -> dict[str, Any]:
    """A ranked cell in words and numbers."""
    return {
        "rank": int(row["rank"]),
        "algorithm": row["algorithm"].upper(),
        "method": {"tsne": "t-SNE", "pca": "PCA"}[row["method"]],
        "perplexity": "" if pd.isna(row["perplexity"]) else f"{row['perplexity']:g}",
        "seed": int(row["seed"]),
        "eps": "" if pd.isna(row["eps"]) else f"{row['eps']:.3g}",
        "min_samples": int(row["min_samples"]),
        "min_cluster_size": ""
        if pd.isna(row["min_cluster_size"])
        else f"{row['min_cluster_size']:.0f}",
        "n_clusters": int(row["n_clusters"]),
        "sizes": ", ".join(str(size) for size in row["sizes"]),
        "n_outliers": int(row["n_outliers"]),
        "score": int(row["balance_score"]),
        "reliable": bool(row["reliable"]),
    }


def _countries(table: pd.DataFrame) -> dict[str, Any]:
    """The table of clusters by country, with totals."""
    names = [name for name in table.columns if name != "cluster"]
    rows = [
        {
            "cluster": cluster_name(int(row["cluster"])),
            "counts": [int(row[name]) for name in names],
            "total": int(row[names].sum()),
        }
        for _, row in table.iterrows()
    ]
    return {"names": names, "rows": rows, "totals": [int(table[name].sum()) for name in names]}
