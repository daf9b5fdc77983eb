"""The classifiers that predict a recorded field, in the order of the tables."""

CLASSIFIERS = (
    "logistic regression",
    "k-nearest neighbours",
    "decision tree",
    "linear discriminant analysis",
    "Gaussian naive Bayes",
    "support vector machine",
)
