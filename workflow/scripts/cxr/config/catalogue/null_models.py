"""The null models of features: what they would be without clusters.

A new one needs an entry here and its fit in `cxr.evidence.null_models.FITS`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class NullModel:
    """How a null model is to be read.

    Attributes
    ----------
    role : str
        `primary` for the one that the verdict rests on, `secondary`, or `liberal`
        for one that is easily rejected.
    label : str
        In figures.
    """

    role: str
    label: str


PRIMARY = "gaussian"
NULL_MODELS = {
    PRIMARY: NullModel("primary", "one Gaussian (decides)"),
    "copula": NullModel("secondary", "Gaussian copula"),
    "permutation": NullModel("liberal", "units permuted (liberal)"),
}
# What the verdict compares a search with its simulations by, and what stands beside it: clouds of
# one piece that are no Gaussian have an exceptional DBCV too, but maps of other perplexities cut
# them elsewhere.
DECIDING = "consensus"
BESIDE = ("agreement", "balance_score", "dbcv")
