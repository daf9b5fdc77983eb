"""The question of a study that asks none of its own."""

QUESTION = (
    "Do the features that a network learns on these images fall into clusters, and do "
    "the clusters follow countries?"
)
