"""Patients with records that a field can be predicted from."""

import numpy as np
import pandas as pd

from cxr.analysis.settings import TaskSettings
from cxr.analysis.task import PredictionTask

PREDICTORS = ["location", "age_years", "sex"]


def patients_of(rng, n=24, images=4, informative=False):
    """Patients with some images, one record each; the location tells the severity, or nothing."""
    grade = rng.integers(0, 2, n)
    place = grade if informative else rng.integers(0, 2, n)
    one = pd.DataFrame({"patient_id": [f"p{i}" for i in range(n)]})
    one["severity"] = np.array(["mild", "severe"])[grade]
    one["location"] = np.array(["Rome", "Oslo"], dtype=object)[place]
    one["age_years"] = rng.uniform(20, 80, n).round(1)
    one["sex"] = np.where(rng.random(n) < 0.3, None, np.array(["M", "F"])[rng.integers(0, 2, n)])
    rows = one.loc[np.repeat(np.arange(n), images)].reset_index(drop=True)
    rows.insert(0, "image_id", [f"i{i}" for i in range(len(rows))])
    return rows.assign(doi=None, split_group=np.repeat(np.arange(n), images))


def severity_task(rows, predictors=PREDICTORS, min_patients=2):
    """Severity predicted from some fields."""
    return PredictionTask.of(rows, TaskSettings("severity", tuple(predictors), min_patients))
