"""Numbers and names as the page shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY
from cxr.evidence.covariates import field_name
from cxr.evidence.stability import RESAMPLINGS
from cxr.evidence.verdict import format_p
from cxr.planning.parts import protocol_label


def whole(number: float) -> str:
    """A count with thousands separated."""
    return f"{int(number):,}"


def megabytes(number: float) -> str:
    """Bytes as megabytes."""
    return f"{number / 1e6:.1f} MB"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "not defined" if share is None else f"{share:.1%}"


def bounds(metric: Mapping[str, float | None]) -> str:
    """A metric's interval as percentages: 86.0% to 95.1%."""
    if metric["low"] is None:
        return "not defined"
    return f"{percent(metric['low'])} to {percent(metric['high'])}"


def decimal(number: float | None, digits: int = 2) -> str:
    """A number with so many decimals; empty where there is none."""
    return "" if number is None else f"{number:.{digits}f}"


def estimate(metric: Mapping[str, float | None]) -> str:
    """A metric with its interval: 0.91 (0.86 to 0.95)."""
    if metric["value"] is None:
        return "not defined"
    if metric["low"] is None:
        return f"{metric['value']:z.3f}"
    return f"{metric['value']:z.3f} ({metric['low']:z.3f} to {metric['high']:z.3f})"


def column_estimate(row: Mapping[str, float | None], name: str) -> str:
    """A metric of a table's row with its interval: 0.91 (0.86 to 0.95)."""
    low, high = ("low", "high") if name == "share" else (f"{name}_low", f"{name}_high")
    return estimate({"value": row[name], "low": row[low], "high": row[high]})


def mean_range(summary: Mapping[str, float | None]) -> str:
    """A mean with the range of 95% of what it is the mean of: 0.67 (0.42 to 0.93)."""
    if summary["low"] is None:
        return decimal(summary["mean"])
    return f"{decimal(summary['mean'])} ({decimal(summary['low'])} to {decimal(summary['high'])})"


def points(metric: Mapping[str, float | None]) -> str:
    """A difference of shares in percentage points: +1.4 (-0.3 to +3.1) points."""
    if metric["value"] is None:
        return "not defined"
    if metric["low"] is None:
        return f"{100 * metric['value']:+.1f} points"
    low, high = (100 * (metric[end] or 0.0) for end in ("low", "high"))
    return f"{100 * metric['value']:+.1f} ({low:+.1f} to {high:+.1f}) points"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def image_noun(modality: str | None) -> str:
    """What one of the images is called."""
    return {"X-ray": "a radiograph", "CT": "a slice of a CT"}.get(modality or "", "an image")


def null_tests(evidence: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The tests of an evidence document against null models: of what, by which, the numbers."""
    nulls, controls = evidence["nulls"], evidence["controls"]
    return [("features", *row) for row in _by_null(nulls)] + [
        (entry.label, PRIMARY, controls[name])
        for name, entry in CONTROLS.items()
        if name in controls
    ]


def feature_tests(evidence: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The tests of clusters in the features themselves: by which null model, the numbers."""
    return _by_null(evidence["feature_clusters"]["nulls"])


def _by_null(tests: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Tests by null model, in the order and with the names of the page."""
    return [
        (f"{null} (liberal)" if entry.role == "liberal" else null, tests[null])
        for null, entry in NULL_MODELS.items()
        if null in tests
    ]


def survival(row: Mapping[str, Any]) -> str:
    """Whether the clusters survive without what a field explains, as a sentence."""
    found = "no clusters" if row["n_clusters"] == 0 else f"{row['n_clusters']} clusters"
    finding = (
        f"Without what {field_name(row['field'])} explains (taken out by ComBat) the search finds "
        f"{found}, agreement with the study's {row['adjusted_rand']:.2f} (adjusted Rand index)"
    )
    if row["survives"] is None:
        before = f"{row['adjusted_rand_before']:.2f}"
        return f"{finding}. The same search with it agrees by {before} alone: undecided."
    return f"{finding}: the clusters {'survive' if row['survives'] else 'do not survive'}."


def planted(found: Mapping[str, Any]) -> str:
    """What was planted in synthetic images and what was found of it, as a sentence."""
    images = f"the {whole(found['images'])} synthetic images"
    if found["groups"] == 1:
        return f"Truth: one group was planted in {images}, so that there are no clusters to find."
    return (
        f"Truth: {found['groups']} groups were planted in {images}; adjusted Rand index of the "
        f"clusters with them {decimal(found['adjusted_rand'])} (1: found exactly, 0: as by chance)."
    )


def cluster_numbers(clusters: Sequence[int]) -> str:
    """Clusters by the numbers that readers see: 1, 3."""
    return ", ".join(str(cluster + 1) for cluster in clusters)


FILTERS = {
    "bounds": bounds,
    "cluster_numbers": cluster_numbers,
    "column_estimate": column_estimate,
    "decimal": decimal,
    "estimate": estimate,
    "feature_tests": feature_tests,
    "field": field_name,
    "mean_range": mean_range,
    "megabytes": megabytes,
    "null_tests": null_tests,
    "p": format_p,
    "percent": percent,
    "planted": planted,
    "points": points,
    "protocol": protocol_label,
    "resampling": RESAMPLINGS.__getitem__,
    "survival": survival,
    "whole": whole,
}
