"""The figure of the null simulations shows the shares that p values count."""

import numpy as np
import pandas as pd

from cxr.figures.evidence import nulls

DRAWS = pd.DataFrame(
    {
        "subject": ["features"] * 4 + ["pixels"],
        "null": "gaussian",
        "replicate": [1, 2, 3, 4, 1],
        "sample": 0,
        "consensus": [0.2, 0.3, -np.inf, 0.6, 0.9],
        "agreement": [0.2, 0.4, 0.0, 0.6, 0.9],
        "balance_score": [30.0, 20.0, np.inf, 10.0, 1.0],
        "dbcv": [0.3, 0.5, -np.inf, 0.1, 0.9],
    }
)
EVIDENCE = {
    "nulls": {
        "gaussian": {
            "consensus": {"observed": 0.5, "p": 0.4},
            "agreement": {"observed": 0.5, "p": 0.4},
            "balance_score": {"observed": 15.0, "p": 0.4},
            "dbcv": {"observed": 0.4, "p": 0.4},
        }
    }
}


def share_at(ax, value):
    """The share of simulations at least as good as a value, as a step's curve shows it."""
    x, y = ax.lines[0].get_data()
    better = x <= value if "balance" in ax.get_xlabel() else x >= value
    return y[better].max(initial=0)


def test_the_curves_are_the_shares_of_simulations_at_least_as_good():
    consensus, agreement, balance, dbcv = nulls(EVIDENCE, DRAWS).axes
    assert "consensus" in consensus.get_xlabel()
    assert "agreement" in agreement.get_xlabel()
    assert "balance score" in balance.get_xlabel()
    assert share_at(dbcv, 0.4) == 1 / 4
    assert share_at(agreement, 0.5) == share_at(agreement, 0.6) == 1 / 4
    assert share_at(agreement, 0.0) == 1
    assert share_at(balance, 15) == 1 / 4
    assert share_at(balance, 30) == 3 / 4, "one simulation has no usable cell"


def test_without_simulations_it_is_said_why():
    figure = nulls(EVIDENCE, DRAWS.iloc[4:])
    assert {ax.texts[0].get_text() for ax in figure.axes} == {"too few images or patients"}


def test_of_several_samples_the_curves_are_of_the_medians():
    samples = [DRAWS.assign(sample=0), DRAWS.assign(sample=1), DRAWS.assign(sample=2, dbcv=0.9)]
    dbcv = nulls(EVIDENCE, pd.concat(samples)).axes[3]
    assert share_at(dbcv, 0.4) == 1 / 4
