"""Whether the class can be told from a recorded field alone, and what a network adds to that."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.protocols import part_cohort
from cxr.cohort.selection import class_codes
from cxr.evaluation.classification import confusion_matrices
from cxr.evaluation.field_study import FieldStudy
from cxr.evaluation.single_field import predict_from_field
from cxr.evaluation.strata import comparable_pairs, pairwise_accuracies
from cxr.statistics.association import MISSING, association_table, level_names
from cxr.statistics.bootstrap import REPLICATES, bootstrap_values, percentile_interval
from cxr.statistics.metrics import class_rates, roc_auc

PERMUTATIONS = 999
# A field tells a class where it finds at least this share of its images, and of the others: no
# more errors than labels that were read from reports have.
TOLD = 0.95
# From half of the network's advantage over chance on, the field explains more of it than not.
HALF = 0.5
ALPHA = 0.05  # false discovery rate among the fields
CHANCE = 0.5
SOURCE, PART, LITTLE, UNTESTED = "red", "amber", "green", "none"
ESTIMATES = ("alone", "alone_roc_auc", "network", "pairwise", "within", "remaining")
COLUMNS = (
    *("field", "recorded", "levels"),
    *("cramers_v", "cramers_v_low", "cramers_v_high", "p", "q"),
    *(f"{name}{end}" for name in ESTIMATES[:3] for end in ("", "_low", "_high")),
    *("compared", "pairs"),
    *(f"{name}{end}" for name in ESTIMATES[3:] for end in ("", "_low", "_high")),
    *("told", "partly", "light", "finding"),
)


def confounding_table(
    study: FieldStudy,
    seed: int,
    replicates: int = REPLICATES,
    permutations: int = PERMUTATIONS,
) -> pd.DataFrame:
    """Each recorded field against the class, and against a network that predicts it.

    That nothing is recorded is a level of its own, since it may tell the class as well.

    Parameters
    ----------
    study : FieldStudy
    seed : int
    replicates : int
        Of the bootstrap over patients.
    permutations : int
        Of whole patients, in the test of each field's association with the class.

    Returns
    -------
    DataFrame
        A row a field, columns as in `COLUMNS`: those that tell most of the class first.
        `cramers_v` is bias-corrected, with whole patients permuted for `p`. `alone` and
        `network` are balanced accuracies on the same test images, of a classifier that was
        fitted to the field alone on the training images of the same parts, and of the
        network. `within` is the network's mean of `pairwise_accuracies` within strata of the
        field, of the `pairs` of classes that share strata, and `pairwise` the one without
        strata, of these pairs and those that share none; `remaining` is the share of the
        advantage over chance that is within strata. `told` are the classes that the field tells,
        `partly` those whose AUC has half of the network's advantage.
    """
    fields, cohort, classes = study.fields, study.cohort, study.classes
    levels = pd.DataFrame({name: level_names(fields[name]) for name in fields}, index=fields.index)
    owners = study.patients.loc[cohort["image_id"]].to_numpy(dtype=np.str_)
    codes = class_codes(cohort, classes)
    tests = association_table(codes, owners, levels, permutations, seed)
    tests = tests.drop_duplicates("field").set_index("field")
    network = _network_values(study, replicates, seed)
    rows = []
    for name in fields:
        row: dict[str, Any] = {"field": name, "recorded": int(fields[name].notna().sum())}
        row |= {"levels": levels[name].nunique()}
        of_field = tests.loc[name]
        row |= {"p": of_field["p"], "q": of_field["q"]}
        row |= _columns("cramers_v", of_field.rename({"effect": "value"}))
        strata = levels[name].loc[study.predictions["image_id"]].to_numpy(dtype=np.str_)
        alone = _predict_alone(study, name, seed)
        row |= _against_network(study, alone, strata, network, replicates, seed)
        row |= _tested(row)
        unit = "fifths" if pd.api.types.is_numeric_dtype(fields[name]) else "values"
        of_class = [
            _finding(name, unit, levels[name], cohort["class"], each) for each in row["told"]
        ]
        row["finding"] = " ".join(of_class) or None
        row |= {column: "; ".join(row[column]) or None for column in ("told", "partly")}
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    estimates = [name for name in COLUMNS if name.startswith(ESTIMATES)]
    table[estimates] = table[estimates].astype("float64")
    order = table["light"].map({SOURCE: 0, PART: 1, LITTLE: 2, UNTESTED: 3})
    return table.assign(order=order).sort_values(
        ["order", "alone", "field"], ascending=[True, False, True], ignore_index=True
    )[list(COLUMNS)]


def _predict_alone(study: FieldStudy, name: str, seed: int) -> np.ndarray:
    """Probabilities of the classes from a field alone for each row of the predictions."""
    field, predictions, classes = study.fields[name], study.predictions, study.classes
    probabilities = np.full((len(predictions), len(classes)), np.nan)
    for part in predictions["part"].unique():
        rows = part_cohort(study.cohort, study.folds, str(part))
        train = rows.loc[rows["split"] == "train"]
        of_part = (predictions["part"] == part).to_numpy()
        probabilities[of_part] = predict_from_field(
            field.loc[train["image_id"]],
            train["class"].to_numpy(dtype=np.str_),
            field.loc[predictions.loc[of_part, "image_id"]],
            classes,
            seed,
        )
    return probabilities


def _network_values(study: FieldStudy, replicates: int, seed: int) -> np.ndarray:
    """Of the network: balanced accuracy, AUC of each class, accuracy of each pair of classes.

    Returns
    -------
    float array, shape (1 + replicates, 1 + c + c * (c - 1) / 2)
    """
    test, c = study.test, len(study.classes)
    one_stratum, pairs = np.zeros_like(test.labels), list(combinations(range(c), 2))

    def statistics(weights: np.ndarray) -> np.ndarray:
        rates = _rates(test.labels, test.probabilities, weights)
        pairwise = pairwise_accuracies(test.labels, test.probabilities, one_stratum, pairs, weights)
        areas = _areas(test.labels, test.probabilities, weights)
        return np.column_stack([rates["sensitivity"].mean(axis=1), areas, pairwise])

    return bootstrap_values(statistics, test.patients, replicates, seed)


def _against_network(
    study: FieldStudy,
    alone: np.ndarray,
    strata: np.ndarray,
    network: np.ndarray,
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """The estimates of a field's row with their intervals, and the classes that it tells."""
    test, classes = study.test, study.classes
    labels, c = test.labels, len(classes)
    stratum_codes = np.unique(strata, return_inverse=True)[1]
    pairs, lost, compared = comparable_pairs(labels, stratum_codes, test.patients)

    def statistics(weights: np.ndarray) -> np.ndarray:
        within = pairwise_accuracies(labels, test.probabilities, stratum_codes, pairs, weights)
        recall = _rates(labels, alone, weights)["sensitivity"].mean(axis=1)
        return np.column_stack([recall, _areas(labels, alone, weights), within])

    # The seed is that of the network's values, so that rows are of the same draws of patients.
    values = bootstrap_values(statistics, test.patients, replicates, seed)
    every = list(combinations(range(c), 2))
    counted = [1 + c + every.index(pair) for pair in (*pairs, *lost)]
    undefined = np.full(len(values), np.nan)
    within = values[:, 1 + c :].mean(axis=1) if pairs else undefined
    pairwise = network[:, counted].mean(axis=1) if counted else undefined
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = len(pairs) * (within - CHANCE) if pairs else np.zeros(len(values))
        share = kept / (len(counted) * (pairwise - CHANCE))
    estimates = {
        "alone": values[:, 0],
        "alone_roc_auc": values[:, 1 : 1 + c].mean(axis=1),
        "network": network[:, 0],
        "pairwise": pairwise,
        "within": within,
        "remaining": share,
    }
    names = [f"{classes[a]} and {classes[b]}" for a, b in pairs]
    row: dict[str, Any] = {"compared": int(compared.sum()), "pairs": "; ".join(names) or None}
    for name, of_name in estimates.items():
        row |= _columns(name, percentile_interval(of_name))
    # Of a network that is not shown to be better than chance, nothing can remain.
    if (row["pairwise_low"] or 0) <= CHANCE:
        row |= dict.fromkeys(("remaining", "remaining_low", "remaining_high"))
    lows = [percentile_interval(of_class)["low"] for of_class in values[:, 1 : 1 + c].T]
    areas = values[0, 1 : 1 + c]
    better = np.array([(low or area) > CHANCE for low, area in zip(lows, areas, strict=True)])
    large = areas - CHANCE >= HALF * (network[0, 1 : 1 + c] - CHANCE)
    rates = _rates(labels, alone, np.ones((1, len(labels))))
    found = np.minimum(rates["sensitivity"][0], rates["specificity"][0]) >= TOLD
    for name, chosen in (("told", found), ("partly", better & large & ~found)):
        row[name] = [classes[int(k)] for k in np.flatnonzero(chosen)]
    return row


def _areas(labels: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The AUC of each class against the rest under weightings, shape (r, c)."""
    classes = range(answers.shape[1])
    return np.stack([roc_auc(answers[:, k], labels == k, weights) for k in classes], axis=1)


def _rates(labels: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The rates of each class of a classifier's answers under weightings."""
    predicted = answers.argmax(axis=1)
    return class_rates(confusion_matrices(labels, predicted, answers.shape[1], weights))


def _columns(name: str, estimate: Any) -> dict[str, float | None]:
    """An estimate as the three columns of a table."""
    return {
        name: estimate["value"],
        f"{name}_low": estimate["low"],
        f"{name}_high": estimate["high"],
    }


def _tested(row: dict[str, Any]) -> dict[str, Any]:
    """The classes that a field tells and the light, where its association is significant."""
    if row["levels"] < 2 or not np.isfinite(row["p"]):
        return {"told": [], "partly": [], "light": UNTESTED}
    if row["q"] > ALPHA:
        return {"told": [], "partly": [], "light": LITTLE}
    light = LITTLE
    if row["told"]:
        light = SOURCE
    elif row["partly"] or (row["remaining"] is not None and row["remaining"] < HALF):
        light = PART
    return {"light": light}


def _finding(field: str, unit: str, levels: pd.Series, classes: pd.Series, name: str) -> str:
    """Where the images of a class lie that is told from a field, and where the others do."""
    member = (classes == name).to_numpy()
    shares = pd.DataFrame(
        {
            "own": levels[member].value_counts(normalize=True),
            "others": levels[~member].value_counts(normalize=True),
        }
    ).fillna(0)
    own = shares.index[shares["own"] > shares["others"]]
    recorded = set(shares.index) - {MISSING}
    if len(own) == 1 and own[0] == MISSING:
        where = f"no recorded {field}"
    elif set(own) == recorded and MISSING in shares.index:
        where = f"a recorded {field}"
    elif len(own) == 1 and unit == "values":
        where = f"the {field} {own[0]}"
    else:
        where = f"a {field} in {len(own)} of its {len(recorded)} {unit}"
    here, elsewhere = shares.loc[own, "own"].sum(), shares.loc[own, "others"].sum()
    every = "Every image" if np.isclose(here, 1) else f"{here:.1%} of the images"
    verb = "has" if np.isclose(here, 1) else "have"
    others = "none of the others" if np.isclose(elsewhere, 0) else f"{elsewhere:.1%} of the others"
    return f"{every} of {name} {verb} {where}, and {others}."


def confounding_verdict(
    table: pd.DataFrame, classes: Sequence[str], named: Callable[[str], str] = str
) -> dict[str, str]:
    """The light of a network's cohort, and what it means in a sentence.

    Parameters
    ----------
    table : DataFrame
        As `confounding_table` makes it.
    classes : sequence of str
    named : callable
        The name of a field for readers.

    Returns
    -------
    dict
        `light` and `sentence`.
    """
    by_light = {light: table.loc[table["light"] == light] for light in (SOURCE, PART)}
    complete, large = by_light[SOURCE], by_light[PART]
    if len(complete):
        first = complete.iloc[int(complete["field"].eq("source").to_numpy().argmax())]
        told = first["told"].split("; ")
        who = "The class" if len(told) == len(classes) else " and ".join(told)
        others = [named(name) for name in complete["field"] if name != first["field"]]
        also = f" The same holds for {', '.join(others)}." if others else ""
        its = "its" if len(told) in (1, len(classes)) else "their"
        sentence = f"{who} cannot be told from {its} {named(first['field'])} in this cohort: "
        finding = str(first["finding"])
        sentence += finding[0].lower() + finding[1:] + also
        if np.isfinite(first["remaining"]):
            share = f"{first['remaining']:.0%}" if first["remaining"] > 0 else "none"
            sentence += (
                f" Of the network's advantage over chance {share} remains among images with the "
                f"same {named(first['field'])}."
            )
        return {"light": SOURCE, "sentence": sentence}
    if len(large):
        return {
            "light": PART,
            "sentence": "Half or more of the network's advantage over chance may rest on "
            f"{', '.join(map(named, large['field']))}: a classifier that sees such a field alone "
            "gets as far for a class, or less than half remains among images that are alike in it.",
        }
    if not table["light"].eq(LITTLE).any():
        return {
            "light": UNTESTED,
            "sentence": "No recorded field has two levels, so that none was tested.",
        }
    if (table["network_low"].fillna(table["network"]) <= 1 / len(classes)).all():
        return {
            "light": UNTESTED,
            "sentence": "The network is not shown to be better than chance on its test images: it "
            "has no advantage that a field could explain.",
        }
    return {
        "light": LITTLE,
        "sentence": "No recorded field alone explains half of the network's advantage over "
        "chance; what is not recorded may.",
    }
