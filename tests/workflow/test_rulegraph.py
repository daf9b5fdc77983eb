"""The README's picture of the rules is that of the workflow."""

import re
import xml.etree.ElementTree as ET

from tests.helpers.study import ROOT, workspace

SVG = "{http://www.w3.org/2000/svg}"


def drawn():
    """The rules and edges of the picture."""
    groups = list(ET.parse(ROOT / "workflow/report/rulegraph.svg").iter(f"{SVG}g"))
    names = {
        group.findtext(f"{SVG}title"): group.findtext(f"{SVG}text")
        for group in groups
        if group.get("class") == "node"
    }
    edges = [g.findtext(f"{SVG}title") for g in groups if g.get("class") == "edge"]
    return {tuple(names[end] for end in edge.split("->")) for edge in edges if edge}


def test_the_picture_of_the_rules_is_current(tmp_path):
    place = workspace(tmp_path / "run")
    graph = place.snakemake("--rulegraph", "dot", config=None).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph)}
    assert len(edges) > 30
    assert drawn() == edges, "run make rulegraph"
