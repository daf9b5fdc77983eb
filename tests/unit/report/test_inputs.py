"""What the page shows is declared once: rules write it, and rule and builder find it by name."""

import re

import pytest

from cxr.core.paths import ROOT
from cxr.report.content import READERS
from cxr.report.inputs import (
    ENCODERS,
    EVIDENCE,
    IMAGES,
    INPUTS,
    NETWORKS,
    PARTS,
    REPRESENTATIONS,
    SIMILARITY,
    ShownModels,
    report_files,
    report_inputs,
    report_tables,
)

RULES = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
# The one path that a rule puts together: a contact sheet of each kind of query.
KINDS = {"{model}.similar-{kind}": "{model}.similar-median"}


def written_paths():
    """The paths below results/ that stand in the rules, wherever they are."""
    places = r'"(results/(?:|sources/|weights/encoders/)\{[^"]+)"'
    paths = set(re.findall(places, RULES))
    for path in re.findall(r'f"(results/[^"]+)"', RULES):
        plain = path.replace("{{", "{").replace("}}", "}")
        paths |= {plain.replace(kind, name) for kind, name in KINDS.items()}
    return paths


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: file.name)
def test_a_rule_writes_each_file_that_is_shown(file):
    assert file.path in written_paths()


def test_each_file_is_declared_once_and_its_parts_exist():
    for values in ([file.name for file in INPUTS], [file.path for file in INPUTS]):
        assert len(values) == len(set(values))
    assert {part for file in INPUTS for part in file.needs} <= set(PARTS)
    assert all(file.page or file.table for file in INPUTS)


def test_what_templates_show_as_it_is_has_a_reader():
    direct = {file.path.rsplit(".", 1)[1] for file in INPUTS if file.direct and file.page}
    assert {f".{suffix}" for suffix in direct} <= set(READERS)


TWO = ShownModels(networks=["one", "two"])


@pytest.mark.parametrize("parts", [(), (SIMILARITY,), (IMAGES, EVIDENCE), PARTS])
def test_the_rules_inputs_come_back_by_name(parts):
    inputs = report_inputs(parts, TWO, ["there"])
    files = report_files(inputs, TWO)
    assert files.study["cohort"] == "results/{study}/cohort.parquet"
    assert files.models["two"]["ranking"] == "results/{study}/ranking/two.parquet"
    declared = []
    for paths in inputs.values():
        declared += paths if isinstance(paths, list) else [paths]
    by_name = [path for path in files.study.values() if isinstance(path, str)]
    by_name += [path for of_model in files.models.values() for path in of_model.values() if path]
    by_name += files.study["sources"] or []
    assert sorted(by_name) == sorted(declared)
    assert (files.study["flow"] is not None) == (IMAGES in parts)
    assert (files.models["one"]["evidence"] is not None) == (EVIDENCE in parts)
    median = files.models["one"]["median_figure"]
    assert (median is not None) == ({IMAGES, SIMILARITY} <= set(parts))


def test_networks_and_encoders_have_files_of_their_own():
    shown = ShownModels(networks=["ours"], encoders=["rad-dino", "xrv"])
    parts = (IMAGES, NETWORKS, ENCODERS, REPRESENTATIONS)
    files = report_files(report_inputs(parts, shown, []), shown)
    assert list(files.models) == ["ours", "rad-dino", "xrv"]
    assert files.models["ours"]["card"] == "results/{study}/models/ours/model.json"
    assert files.models["ours"]["encoder"] is None
    assert files.models["xrv"]["encoder"] == "results/weights/encoders/xrv.json"
    assert files.models["xrv"]["card"] is None
    assert files.models["xrv"]["ranking"] == "results/{study}/ranking/xrv.parquet"
    assert files.study["representations"] == "results/{study}/representations.csv"
    tables = report_tables(parts, shown)
    assert {"countries/ours", "countries/xrv", "encoded/xrv.rejected"} <= set(tables)
    assert "encoded/ours.rejected" not in tables


def test_tables_are_named_by_their_path_in_the_study():
    assert set(report_tables((), ShownModels(tables=["m"]))) == {"rejected", "countries/m"}
    tables = report_tables(PARTS, ShownModels(networks=["m"]))
    assert {"comparison", "analysis/missing", "evidence/m.associations", "similar/m.drift"} <= set(
        tables
    )
    assert {"models/m/external", "external/excluded", "external/baselines"} <= set(tables)
    assert len(tables) == 20
