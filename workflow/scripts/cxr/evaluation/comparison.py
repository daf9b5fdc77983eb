"""Networks and baselines side by side: one row each and protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation.baselines import SHORTCUTS
from cxr.evaluation.classification import classification_metrics
from cxr.evaluation.predictions import class_probabilities
from cxr.planning.parts import GROUPED, STUDY
from cxr.statistics.bootstrap import REPLICATES, patient_weights, percentile_interval

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "roc_auc",
    "average_precision",
    "ece",
)


def collect_test_predictions(study: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The test images of a network's predictions, in the study's splits and in the parts.

    Parameters
    ----------
    study : DataFrame
        The predictions of the study's network.
    parts : sequence of DataFrame
        Those of the networks trained for parts, with `part` and `protocol`.
    """
    tables = [study.assign(part=STUDY, protocol=STUDY), *(table for table in parts if len(table))]
    predictions = pd.concat(tables, ignore_index=True)
    return predictions.loc[predictions["split"] == "test"]


def collect_networks(
    names: Sequence[str], studies: Sequence[pd.DataFrame], parts: Sequence[pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """`collect_test_predictions` of each network.

    Parameters
    ----------
    names : sequence of str
    studies : sequence of DataFrame
        The predictions of each.
    parts : sequence of DataFrame
        The predictions of all parts of the first network, of the second, ...
    """
    n_parts = len(parts) // len(names)
    return {
        name: collect_test_predictions(study, parts[i * n_parts : (i + 1) * n_parts])
        for i, (name, study) in enumerate(zip(names, studies, strict=True))
    }


def training_times_table(
    names: Sequence[str], timings: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """A row a network: name, and the entries of its `timing.json`."""
    return pd.DataFrame([{"name": n, **t} for n, t in zip(names, timings, strict=True)])


def comparison_table(
    networks: Mapping[str, pd.DataFrame],
    baselines: pd.DataFrame | None,
    parameters: Mapping[str, int],
    patients: pd.Series,
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """The comparison table.

    Parameters
    ----------
    networks : mapping of str to DataFrame
        For each its predictions of test images: `image_id, class, predicted, part,
        protocol` and a probability a class.
    baselines : DataFrame or None
        The same columns with `split` and `baseline`.
    parameters : mapping of str to int
        Of the networks.
    patients : Series
        The patient of each image, by image_id.
    classes : sequence of str
    seed, replicates : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        protocol, name, kind (network, baseline, shortcut), parameters, images, patients; every
        metric with `_low` and `_high`; `recall_<class>`; `difference`, by how much its
        accuracy is below that of the protocol's best network on the same images,
        with its interval. Protocols in alphabetical order, the best first in each.
    """
    rows = []
    predictors = dict(networks)
    if baselines is not None:
        test = baselines.loc[baselines["split"] == "test"]
        predictors |= {str(name): table for name, table in test.groupby("baseline")}
    best = {
        protocol: _best(predictors, parameters, protocol) for protocol in _protocols(predictors)
    }
    for name, table in predictors.items():
        for protocol, predictions in table.groupby("protocol"):
            leader = predictors[best[str(protocol)]]
            leader = leader.loc[leader["protocol"] == protocol]
            rows.append(
                {
                    "protocol": protocol,
                    "name": name,
                    "kind": _kind(name, parameters),
                    "parameters": parameters.get(name),
                    **_metrics(predictions, patients, classes, seed, replicates),
                    **_difference(predictions, leader, patients, seed, replicates),
                }
            )
    comparison = pd.DataFrame(rows).astype({"parameters": "Int64"})
    order = ["protocol", "accuracy", "name"]
    return comparison.sort_values(order, ascending=[True, False, True], ignore_index=True)


def main_protocol(protocols: Sequence[str]) -> str:
    """The protocol of the headline numbers: patient-grouped folds, or the study's split."""
    return GROUPED if GROUPED in protocols else STUDY


def unbeaten_shortcuts(table: pd.DataFrame) -> pd.DataFrame:
    """The shortcuts that the best network is not shown to beat, under the main protocol.

    Their accuracy may be as good: the lower end of the interval of the difference is
    not above zero.
    """
    is_main = table["protocol"] == main_protocol(list(table["protocol"]))
    rows = table.loc[is_main & (table["kind"] == "shortcut")]
    return rows.loc[~(rows["difference_low"] > 0)]


def _kind(name: str, parameters: Mapping[str, int]) -> str:
    if name in parameters:
        return "network"
    return "shortcut" if name in SHORTCUTS else "baseline"


def _protocols(predictors: Mapping[str, pd.DataFrame]) -> list[str]:
    names = {str(name) for table in predictors.values() for name in table["protocol"].unique()}
    return sorted(names)


def _best(
    predictors: Mapping[str, pd.DataFrame], parameters: Mapping[str, int], protocol: str
) -> str:
    """The network with the highest accuracy under a protocol."""
    accuracy = {}
    for name in sorted(parameters):
        rows = predictors[name].loc[predictors[name]["protocol"] == protocol]
        accuracy[name] = float((rows["class"] == rows["predicted"]).mean()) if len(rows) else -1.0
    return max(accuracy, key=lambda name: accuracy[name])


def _metrics(
    predictions: pd.DataFrame,
    patients: pd.Series,
    classes: Sequence[str],
    seed: int,
    replicates: int,
) -> dict[str, Any]:
    labels = class_codes(predictions, classes)
    probabilities = class_probabilities(predictions, classes)
    row_patients = patients.loc[predictions["image_id"]].to_numpy()
    document = classification_metrics(
        labels, probabilities, row_patients, classes, replicates, seed
    )
    row: dict[str, Any] = {"images": document["images"], "patients": document["patients"]}
    values = {metric: document[metric] for metric in METRICS}
    values |= {f"recall_{name}": document["per_class"][name]["recall"] for name in classes}
    for metric, value in values.items():
        row |= {metric: value["value"], f"{metric}_low": value["low"]}
        row[f"{metric}_high"] = value["high"]
    return row


def _difference(
    predictions: pd.DataFrame,
    leader: pd.DataFrame,
    patients: pd.Series,
    seed: int,
    replicates: int,
) -> dict[str, float | None]:
    """How much less accurate than the leader, with the same bootstrap of patients for both."""
    keys = ["image_id", "part"]
    both = predictions.merge(leader[[*keys, "predicted"]], on=keys, suffixes=("", "_leader"))
    gain = (both["predicted_leader"] == both["class"]).astype(float)
    gain -= (both["predicted"] == both["class"]).astype(float)
    weights = patient_weights(patients.loc[both["image_id"]].to_numpy(), replicates, seed)
    if not len(both):
        return {"difference": None, "difference_low": None, "difference_high": None}
    interval = percentile_interval((weights @ gain.to_numpy()) / weights.sum(axis=1))
    # Where every draw agrees, the two never differed.
    low = interval["value"] if interval["low"] is None else interval["low"]
    high = interval["value"] if interval["high"] is None else interval["high"]
    return {"difference": interval["value"], "difference_low": low, "difference_high": high}
