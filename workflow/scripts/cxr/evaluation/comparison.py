"""Networks and baselines side by side: one row each and protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation.baselines import SHORTCUTS
from cxr.evaluation.network import REPLICATES, classification_metrics, probabilities_of
from cxr.planning.parts import GROUPED, STUDY
from cxr.statistics.bootstrap import patient_weights, percentile_interval

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "roc_auc",
    "average_precision",
    "ece",
)


def collect_test_predictions(own: pd.DataFrame, anew: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The test images of a network's own predictions and of those of the parts."""
    tables = [own.assign(part=STUDY, protocol=STUDY), *(table for table in anew if len(table))]
    whole = pd.concat(tables, ignore_index=True)
    return whole.loc[whole["split"] == "test"]


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
    tested = dict(networks)
    if baselines is not None:
        test = baselines.loc[baselines["split"] == "test"]
        tested |= {str(name): table for name, table in test.groupby("baseline")}
    best = {protocol: _best(tested, parameters, protocol) for protocol in _protocols(tested)}
    for name, table in tested.items():
        for protocol, some in table.groupby("protocol"):
            leader = tested[best[str(protocol)]]
            leader = leader.loc[leader["protocol"] == protocol]
            rows.append(
                {
                    "protocol": protocol,
                    "name": name,
                    "kind": _kind(name, parameters),
                    "parameters": parameters.get(name),
                    **_measured(some, patients, classes, seed, replicates),
                    **_difference(some, leader, patients, seed, replicates),
                }
            )
    found = pd.DataFrame(rows).astype({"parameters": "Int64"})
    order = ["protocol", "accuracy", "name"]
    return found.sort_values(order, ascending=[True, False, True], ignore_index=True)


def main_protocol(protocols: Sequence[str]) -> str:
    """The protocol whose numbers count: folds of patients, or the study's own split."""
    return GROUPED if GROUPED in protocols else STUDY


def unbeaten_shortcuts(table: pd.DataFrame) -> pd.DataFrame:
    """The shortcuts that the best network is not shown to beat, under the protocol that counts.

    Those are the ones whose accuracy may be as good: the lower end of the interval of
    the difference is not above zero.
    """
    counts = table["protocol"] == main_protocol(list(table["protocol"]))
    rows = table.loc[counts & (table["kind"] == "shortcut")]
    return rows.loc[~(rows["difference_low"] > 0)]


def _kind(name: str, parameters: Mapping[str, int]) -> str:
    if name in parameters:
        return "network"
    return "shortcut" if name in SHORTCUTS else "baseline"


def _protocols(tested: Mapping[str, pd.DataFrame]) -> list[str]:
    return sorted({str(name) for table in tested.values() for name in table["protocol"].unique()})


def _best(tested: Mapping[str, pd.DataFrame], parameters: Mapping[str, int], protocol: str) -> str:
    """The network with the highest accuracy under a protocol."""
    shares = {}
    for name in sorted(parameters):
        some = tested[name].loc[tested[name]["protocol"] == protocol]
        shares[name] = float((some["class"] == some["predicted"]).mean()) if len(some) else -1.0
    return max(shares, key=lambda name: shares[name])


def _measured(
    some: pd.DataFrame, patients: pd.Series, classes: Sequence[str], seed: int, replicates: int
) -> dict[str, Any]:
    labels = class_codes(some, classes)
    owners = patients.loc[some["image_id"]].to_numpy()
    found = classification_metrics(
        labels, probabilities_of(some, classes), owners, classes, replicates, seed
    )
    row: dict[str, Any] = {"images": found["images"], "patients": found["patients"]}
    values = {metric: found[metric] for metric in METRICS}
    values |= {f"recall_{name}": found["per_class"][name]["recall"] for name in classes}
    for metric, value in values.items():
        row |= {metric: value["value"], f"{metric}_low": value["low"]}
        row[f"{metric}_high"] = value["high"]
    return row


def _difference(
    some: pd.DataFrame, leader: pd.DataFrame, patients: pd.Series, seed: int, replicates: int
) -> dict[str, float | None]:
    """How much less accurate than the leader, patients drawn for both at once."""
    keys = ["image_id", "part"]
    both = some.merge(leader[[*keys, "predicted"]], on=keys, suffixes=("", "_leader"))
    gain = (both["predicted_leader"] == both["class"]).astype(float)
    gain -= (both["predicted"] == both["class"]).astype(float)
    weights = patient_weights(patients.loc[both["image_id"]].to_numpy(), replicates, seed)
    if not len(both):
        return {"difference": None, "difference_low": None, "difference_high": None}
    found = percentile_interval((weights @ gain.to_numpy()) / weights.sum(axis=1))
    # Where every draw agrees, the two never differed.
    low = found["value"] if found["low"] is None else found["low"]
    high = found["value"] if found["high"] is None else found["high"]
    return {"difference": found["value"], "difference_low": low, "difference_high": high}
