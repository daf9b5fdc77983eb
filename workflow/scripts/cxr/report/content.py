"""The content of a study's files as the page shows it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.clustering.ranking import best_cell
from cxr.core.io import read_csv, read_json, read_table
from cxr.evidence.verdict import format_p
from cxr.figures.selection import selecting
from cxr.figures.style import cluster_name
from cxr.images.quality import FLAGGED_ABOVE
from cxr.report.explored import explorer_verdict
from cxr.report.inputs import INPUTS
from cxr.report.pictures import picture

BEST_CELLS = 10


def direct_content(files: Mapping[str, Any]) -> dict[str, Any]:
    """Figures, documents and tables that templates show as they are, by the inputs' names.

    Parameters
    ----------
    files : mapping of str to path, sequence of paths, or None
        A study's files, or those of one model.
    """
    return {
        file.name: _read(files[file.name]) for file in INPUTS if file.direct and file.name in files
    }


def _read(path: Any) -> Any:
    """The content of a file, or of each of several; None without one."""
    if path is None:
        return None
    if not isinstance(path, str | Path):
        return [_read(each) for each in path]
    return READERS[Path(path).suffix](str(path))


def read_if(read: Callable[[str], Any], path: str | None) -> Any:
    """What is read from a file, None where the study has no such file."""
    return None if path is None else read(path)


def metric(row: pd.Series | Mapping[str, Any], name: str) -> dict[str, float | None]:
    """A metric of the comparison table as the metrics documents have it."""
    columns = {"value": name, "low": f"{name}_low", "high": f"{name}_high"}
    return {key: _number(row[column]) for key, column in columns.items()}


def attention(path: str) -> dict[str, float | None]:
    """Mean shares of Grad-CAM in the lungs and at the border, and those of an even map."""
    table = read_csv(path)
    names = ("in_lungs", "in_border", "lung_area", "border_area")
    means = table[list(names)].mean()
    return {name: _number(means[name]) for name in names}


def size(cohort: pd.DataFrame) -> dict[str, int]:
    """Images and patients of the cohort."""
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
    return table.astype("object").where(table.notna(), "").to_dict("records")


def quality(path: str) -> list[dict[str, Any]]:
    """How many images each flag is on, of those that are usable."""
    flagged = read_csv(path)["flags"].fillna("").str.split()
    return [
        {"flag": flag, "limit": limit, "images": int(sum(flag in flags for flags in flagged))}
        for flag, limit in FLAGGED_ABOVE.items()
    ]


def model(name: str, files: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of one model, from its files by name."""
    ranking = read_table(files["ranking"])
    cell, pca = best_cell(ranking, "tsne"), best_cell(ranking, "pca")
    hdbscan = best_cell(ranking, "tsne", "hdbscan")
    clusters = read_table(files["clusters"], columns=["cluster"])
    direct = direct_content(files)
    return {
        **direct,
        "name": name,
        "selecting": selecting(direct["consensus"]["choose"], cell),
        "history": read_if(_history, files["history"]),
        "attention": read_if(attention, files["attention"]),
        "cell": None if cell is None else _cell(cell),
        "pca": None if pca is None else _cell(pca),
        "hdbscan": None if hdbscan is None else _cell(hdbscan),
        "qualifying": len(ranking),
        "best": [_cell(row) for _, row in ranking.head(BEST_CELLS).iterrows()],
        "mapped": len(clusters),
        "countries": _countries(read_csv(files["countries"])),
    }


def explored(name: str, files: Mapping[str, Any]) -> dict[str, Any]:
    """What the page's script shows of one model, and how its fields were tested."""
    rows = read_if(records, files["associations"]) or []
    tests = {row["field"]: _test_sentence(row) for row in rows if row["missing"] == "level"}
    verdict = explorer_verdict(read_if(read_json, files["evidence"]))
    return {"name": name, "tests": tests, "verdict": verdict, **read_json(files["explorer"])}


def _test_sentence(row: Mapping[str, Any]) -> str:
    """The result of a field's test against the clusters in words."""
    if row["effect"] is None or row["p"] is None:
        return "Association with the clusters not tested: too few values or patients."
    measure = {"cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}
    interval = (
        "" if row["low"] is None else f" (95% interval {row['low']:.2f} to {row['high']:.2f})"
    )
    return (
        f"{measure[row['measure']]} with the clusters {row['effect']:.2f}{interval}; permutation "
        f"of whole patients p {format_p(row['p'])}, adjusted over the fields q "
        f"{format_p(row['q'])}."
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
        "agreement": _number(row["agreement"]),
        "dbcv": _number(row["dbcv"]),
        "consensus": _number(row["consensus"]),
        "reliable": bool(row["reliable"]),
    }


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


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


READERS: dict[str, Callable[[str], Any]] = {".svg": picture, ".json": read_json, ".csv": records}
