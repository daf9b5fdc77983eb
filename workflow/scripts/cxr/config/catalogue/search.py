"""The search for similar images where a study says nothing of it."""

from typing import Final

NEIGHBOURS: Final = 36
METRIC: Final = "cosine"
