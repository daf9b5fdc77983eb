"""Texts of the report."""

from pydantic import Field

from cxr.config.base import Section
from cxr.config.catalogue.questions import QUESTION


class Report(Section):
    """Texts of the report."""

    title: str = Field(
        default="Clusters of learned image features", description="Title of the page."
    )
    question: str = Field(default=QUESTION, description="The study's question.")
