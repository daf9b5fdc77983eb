"""The terms of the page: what each means, and its threshold; tooltips have the same words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cxr.config.catalogue.null_models import NULL_MODELS
from cxr.evaluation.confounding import HALF, TOLD
from cxr.evidence.verdict import SAME_CLUSTERS


@dataclass(frozen=True)
class Term:
    """An entry of the glossary.

    Attributes
    ----------
    name, text : str
    threshold : str
        What counts here, empty where nothing is decided by it.
    also : tuple of str
        Other words of the page for it: headings of columns, in lower case.
    """

    name: str
    text: str
    threshold: str = ""
    also: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Of its place on the page."""
        return "term-" + "".join(c if c.isalnum() else "-" for c in self.name.lower())

    @property
    def names(self) -> str:
        """All its words, one a line."""
        return "\n".join((self.name.lower(), *self.also))


# Thresholds with the names of the config's `evidence.thresholds` in place of their values.
TERMS = (
    Term(
        "accuracy",
        "Share of images whose predicted class is the recorded one.",
        also=("accuracy, calibrated", "validation accuracy", "training accuracy"),
    ),
    Term(
        "adjusted mutual information",
        "How much one labelling tells of another, corrected for chance: 0 as by chance, 1 all.",
    ),
    Term(
        "adjusted Rand index",
        "Agreement of two clusterings over all pairs of images: 0 as by chance, 1 the same.",
        f"the same clusters from {SAME_CLUSTERS:g} on",
        ("adjusted rand index, all clusters", "adjusted rand index with the study's clusters"),
    ),
    Term(
        "agreement",
        "Mean adjusted Rand index of a clustering with those of the other perplexities. "
        "Clusters that are there at every perplexity agree.",
    ),
    Term(
        "association",
        "Effect size of a recorded field against the clusters, missing counted as a value; "
        "whole patients are permuted for p.",
        "explains the clusters: effect ≥ {effect:g} and q ≤ {alpha:g}",
        ("effect size",),
    ),
    Term(
        "average precision",
        "Area under the curve of precision against recall, one class against the rest.",
        also=("mean average precision", "class, mean average precision"),
    ),
    Term(
        "balance score",
        "Imbalance of a clustering: the sum over clusters of the largest size less their own, "
        "plus the outliers. 0: equal clusters without outliers; lower is better.",
    ),
    Term(
        "balanced accuracy",
        "Mean over the classes of the share of their images that is found. By chance one over "
        "the number of classes.",
        also=("balanced accuracy, field alone", "network, balanced accuracy"),
    ),
    Term(
        "base rate",
        "The precision of a search that returns images at random.",
    ),
    Term(
        "bootstrap",
        "Whole patients are drawn again with replacement; intervals hold the central 95% of "
        "what is then found.",
    ),
    Term(
        "calibration error",
        "Expected calibration error: mean distance of accuracy from confidence over bins of "
        "confidence. Its bias, by which it is above 0 even when a network is calibrated, is "
        "estimated by the bootstrap and taken off.",
        also=("calibration error (ece)", "calibration error, calibrated", "ece"),
    ),
    Term(
        "confounding",
        "A recorded field (source, view, age) goes with the class, so that a network may learn "
        "the field in place of the disease.",
        f"red: a field finds {TOLD:.0%} of a class and of the others; amber: it explains "
        f"{HALF:.0%} or more of the network's advantage over chance",
    ),
    Term(
        "consensus",
        "Mean of agreement between perplexities and DBCV; the statistic of the significance test.",
    ),
    Term(
        "Cramér's V",
        "Association of two categories, bias-corrected: 0 none, 1 complete.",
        "a field explains the clusters from {effect:g} on",
        ("cramér's v with the class",),
    ),
    Term(
        "correlation ratio",
        "Association of a number with groups: the root of the share of its variance that is "
        "between them. 0 none, 1 complete.",
        "a field explains the clusters from {effect:g} on",
    ),
    Term(
        "DBCV",
        "Density-based cluster validity, -1 to 1: clusters are dense inside and apart from one "
        "another.",
    ),
    Term(
        "DBSCAN",
        "Clusters are regions where points have min_samples neighbours within eps; others are "
        "outliers.",
        also=("eps", "min_samples", "min_cluster_size"),
    ),
    Term(
        "difference to the best",
        "Accuracy of the best network less that of the row, on the same images and the same "
        "draws of patients.",
        "better where the interval lies above 0",
        ("difference to the best, percentage points", "difference"),
    ),
    Term(
        "dip test",
        "Test of one mode against several, here of held-out patients along the axes between "
        "clusters that other patients gave.",
        "p ≤ {alpha:g}",
        ("separation", "p, adjusted"),
    ),
    Term(
        "enrichment",
        "Precision over base rate: how many times more often than at random.",
    ),
    Term(
        "F1",
        "Harmonic mean of precision and recall; macro F1 is its mean over the classes.",
        also=("macro f1", "f-beta (2), by image"),
    ),
    Term(
        "Jaccard similarity",
        "Images in both of two clusters over images in either, of a cluster and its best match "
        "when the search is repeated.",
        "stable from a mean of {jaccard:g} on",
        ("stability",),
    ),
    Term(
        "linear probe",
        "A linear classifier of frozen features, fitted to other patients. What it finds is there "
        "to be found; the k-NN probe asks the ten nearest images in its place.",
        also=("class, linear probe", "class, k-nn probe", "probe"),
    ),
    Term(
        "majority baseline",
        "Accuracy of always predicting the most frequent value.",
    ),
    Term(
        "maximum attainable",
        "The precision of a search without errors, limited by how many images there are.",
    ),
    Term(
        "mean absolute error",
        "Mean distance of estimates from the raters' scores, in their units.",
        also=("error reduction over the mean", "severity, mean absolute error"),
    ),
    Term(
        "null simulation",
        "Features drawn from a model without clusters that was fitted to the study's "
        f"({', '.join(NULL_MODELS)}); the whole search is repeated in them.",
        also=("null model", "null simulations", "null median", "null mean"),
    ),
    Term(
        "operating threshold",
        "Probability from which on a class is called, selected on validation images.",
        also=("threshold",),
    ),
    Term(
        "p value",
        "Probability of a result at least as extreme where the null hypothesis holds: no "
        "clusters, or no association.",
        "p ≤ {alpha:g}",
        ("p", "significance"),
    ),
    Term(
        "perplexity",
        "About how many neighbours of each image a t-SNE map keeps.",
    ),
    Term(
        "precision",
        "Of the images called a class, the share that is of it; of a search, the share of "
        "neighbours that share the query's value.",
        also=("class, precision at k",),
    ),
    Term(
        "q",
        "p adjusted over all fields that were tested (Benjamini and Hochberg), so that it "
        "bounds the share of false findings.",
        "q ≤ {alpha:g}",
    ),
    Term(
        "representation",
        "The features of an image by one network, trained here or by others, or by a control.",
        also=("encoder",),
    ),
    Term(
        "ROC-AUC",
        "Probability that an image of a class gets a higher score than one of another: 0.5 by "
        "chance, 1 without an error.",
        also=("roc auc", "classes, roc-auc", "worsening against improving"),
    ),
    Term(
        "sensitivity",
        "Of the images of a class, the share that is called it (recall).",
        also=("recall",),
    ),
    Term(
        "share of the network's advantage that remains",
        "What a network has over chance among images that are alike in a field, over what it "
        "has among all.",
        f"amber below {HALF:.0%}",
    ),
    Term(
        "shortcut",
        "A simple classifier that sees next to nothing of the lungs: borders, shape, file "
        "format. What it reaches is no sign of the disease.",
        also=("model quality",),
    ),
    Term(
        "silhouette",
        "How much nearer an image is to its own cluster than to the next one, -1 to 1.",
    ),
    Term(
        "Spearman's correlation",
        "Correlation of ranks, -1 to 1.",
        also=("severity, spearman's correlation",),
    ),
    Term(
        "specificity",
        "Of the images of other classes, the share that is not called the class.",
    ),
    Term(
        "trustworthiness",
        "Whether neighbours on the map are neighbours in the features, 0 to 1; continuity is "
        "the converse.",
        also=("continuity",),
    ),
)


def glossary(thresholds: Mapping[str, Any] | None) -> list[Term]:
    """The terms with the thresholds of a study, sorted by name.

    Parameters
    ----------
    thresholds : mapping or None
        The config's `evidence.thresholds`.
    """
    limits = thresholds or {"alpha": 0.05, "effect": 0.5, "jaccard": 0.75}
    terms = (replace(term, threshold=term.threshold.format(**limits)) for term in TERMS)
    return sorted(terms, key=lambda term: term.name.lower())
