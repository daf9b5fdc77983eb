"""The search for similar images where a study says nothing of it."""

NEIGHBOURS = 36
METRIC = "cosine"
