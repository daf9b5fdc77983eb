"""The directive `terms`: the statistics of the page, in the words of its own glossary."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from cxr.report.glossary import Term, glossary


def item(term: Term) -> nodes.definition_list_item:
    """A term with its meaning and its threshold."""
    name = nodes.term("", term.name, ids=[term.id])
    meaning = nodes.definition("", nodes.paragraph("", term.text))
    if term.threshold:
        threshold = term.threshold[0].upper() + term.threshold[1:]
        meaning += nodes.paragraph("", f"Threshold: {threshold}.")
    return nodes.definition_list_item("", name, meaning)


class Terms(SphinxDirective):
    """Lists all terms, with the default thresholds."""

    def run(self) -> list[nodes.Node]:
        """The list."""
        return [nodes.definition_list("", *map(item, glossary(None)))]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_directive("terms", Terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
