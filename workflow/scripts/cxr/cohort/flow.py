"""The flow diagram of a cohort: images in, images excluded at each step, and why."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxr.cohort.splits import SPLITS
from cxr.metadata.schema import rejections


@dataclass
class Flow:
    """The steps of a selection.

    Attributes
    ----------
    steps : list of dict
        `name`, what the images are after the step, numbers of `images` and
        `patients`, and how many were `removed` for which reason.
    excluded : list of DataFrame
        The excluded images of each step: source, file, stage, reason.
    """

    steps: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[pd.DataFrame] = field(default_factory=list)

    def enter(self, rows: pd.DataFrame, rejected: pd.DataFrame) -> None:
        """The first two steps: every entry of the sources, and those that can be used."""
        entries = {"name": "entries of the sources", "images": len(rows) + len(rejected)}
        self.steps.append({**entries, "patients": None, "removed": []})
        self._step("usable images", rows, _counted(rejected["reason"]))

    def keep(self, name: str, rows: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
        """Keeps the rows without a reason, and records the others.

        Parameters
        ----------
        name : str
            What the kept rows are, for the diagram.
        rows : DataFrame
            Rows of metadata.
        reasons : Series of str, aligned with `rows`
            Why a row is excluded; null keeps it.
        """
        excluded = rows.loc[reasons.notna()]
        kept = rows.loc[reasons.isna()]
        self.excluded.append(
            rejections(excluded["source"], excluded["file"], "cohort", list(reasons.dropna()))
        )
        self._step(name, kept, _counted(reasons.dropna()))
        return kept

    def exclusions(self) -> pd.DataFrame:
        """Every excluded image: source, file, stage, reason."""
        excluded = pd.concat(self.excluded, ignore_index=True)
        return excluded.sort_values(["source", "file", "reason"], ignore_index=True)

    def _step(self, name: str, rows: pd.DataFrame, removed: list[dict[str, Any]]) -> None:
        self.steps.append(
            {
                "name": name,
                "images": len(rows),
                "patients": int(rows["patient_id"].nunique()),
                "removed": removed,
            }
        )


def _counted(reasons: pd.Series) -> list[dict[str, Any]]:
    """The reasons with their numbers of images, most frequent first."""
    counts = reasons.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return [{"reason": str(reason), "images": int(n)} for reason, n in counts.items()]


def flow_document(flow: Flow, cohort: pd.DataFrame) -> dict[str, Any]:
    """The flow document of a cohort.

    Parameters
    ----------
    flow : Flow
    cohort : DataFrame
        `class, split, patient_id, near_duplicate_group`.

    Returns
    -------
    dict
        The `steps`; of the `classes`, the numbers of images and patients, and of
        images in each split; and how many `near_duplicate_groups` there are.
    """
    classes = sorted(cohort["class"].unique())
    members = {name: cohort.loc[cohort["class"] == name] for name in classes}
    return {
        "steps": flow.steps,
        "classes": {
            name: {
                "images": len(rows),
                "patients": int(rows["patient_id"].nunique()),
                **{part: int((rows["split"] == part).sum()) for part in SPLITS},
            }
            for name, rows in members.items()
        },
        "near_duplicate_groups": int(cohort["near_duplicate_group"].nunique()),
    }
