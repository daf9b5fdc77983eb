"""The config says what is wrong in one line, and model, schema and document agree."""

import copy
import json
from datetime import date
from typing import get_args

import jsonschema
import numpy as np
import pytest
import yaml

from cxr.config import reference
from cxr.config.repeated_keys import repeated_keys, require_unique_keys
from cxr.config.resolve import PRESETS, RECIPES, check_files, resolve
from cxr.config.sources import PresetSource
from cxr.config.study import Config
from cxr.core.errors import InputError
from cxr.core.paths import ROOT

STUDIES = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "studies").glob("*.yaml"))]


def study(**changes):
    """A minimal study; a change is named by its dotted path with __ for dots."""
    config = {
        "study": "s",
        "sources": {"d": {"kind": "synthetic"}},
        "cohort": {"classes": {"a": {"findings": ["x"]}, "b": {"findings": ["y"]}}},
        "models": {"m": {"architecture": "conv5"}},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = config
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = value
    return config


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_are_valid(path):
    raw = yaml.safe_load(path.read_text())
    jsonschema.validate(raw, json.loads(reference.schema()))
    assert resolve(raw)["study"] == raw["study"]


@pytest.mark.parametrize("name", yaml.safe_load(PRESETS.read_text()))
def test_every_preset_stands_for_a_pinned_source(name):
    source = resolve(study(sources__p={"kind": "preset", "preset": name}))["sources"]["p"]
    assert source["kind"] in ("git", "archive")
    assert source["licence"]
    assert source["citation"]
    assert source.get("commit") or "sha256" in source


def test_the_presets_are_those_that_the_config_knows():
    known = get_args(PresetSource.model_fields["preset"].annotation)
    assert sorted(known) == sorted(yaml.safe_load(PRESETS.read_text()))
    with pytest.raises(InputError, match=r"'sources\.p\.preset'"):
        resolve(study(sources__p={"kind": "preset", "preset": "unknown"}))


def test_the_recipes_are_those_that_the_config_knows():
    recipes = yaml.safe_load(RECIPES.read_text())
    for recipe in recipes:
        weights = "none" if recipe == "scratch" else "imagenet"
        model = {"architecture": "resnet18", "weights": weights, "training": {"recipe": recipe}}
        phases = resolve(study(models__m=model, cohort__image_size=256))["models"]["m"]["training"]
        assert len(phases["phases"]) == len(recipes[recipe])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"typo": 1}, "'typo': is not known; see docs/reference/config.md"),
        ({"modles": {}}, "'modles': is not known; did you mean models?"),
        ({"cohort__class": {}}, "'cohort.class': is not known; did you mean classes?"),
        ({"cohort__Min_Side": 3}, "did you mean min_side?"),
        ({"cohort__splits__valid": 0.2}, "did you mean validation?"),
        ({"cohort__splits__dev": 0.2}, "'cohort.splits.dev': is not known; the keys here are val"),
        ({"models__m__training__epoch": 3}, "'models.m.training.epoch'"),
        ({"cohort__classes__a__findings": [False]}, "YAML reads no, off or false as false"),
        ({"cohort__classes__a__findings": [True]}, "YAML reads yes, on or true as true"),
        ({"cohort__classes__a__findings": [None]}, "YAML reads ~, null and an empty place"),
        ({"sources": {"ours": {"path": "x"}}}, "the key kind is missing"),
        ({"cohort__classes__a__findings": [20200408]}, "YAML reads the number 20200408"),
        ({"cohort__classes__a__findings": [date(2020, 4, 8)]}, "YAML reads the date 2020-04-08"),
        ({"cohort__classes": {False: {"findings": ["x"]}}}, "YAML reads no, off or false as false"),
        ({"images": 123}, "'images': a path is expected, but 123 is read as the number 123; write"),
        ({"clustering__eps": {"start": 2, "stop": 1}}, "'clustering.eps'"),
        ({"clustering__eps": {"start": 1, "stop": 1}}, "'clustering.eps'"),
        ({"clustering__eps": []}, "'clustering.eps'"),
        ({"clustering__eps": [0.1, 0.1]}, "'clustering.eps'"),
        ({"clustering__eps": [0.1, -1]}, "'clustering.eps.1'"),
        ({"clustering__eps": [float("nan")]}, "'clustering.eps"),
        ({"clustering__min_samples": [2.5]}, "'clustering.min_samples.0'"),
        ({"clustering__min_samples": {"start": 1, "stop": 3, "step": 0.5}}, "clustering.min_sam"),
        ({"embedding__perplexities": []}, "'embedding.perplexities'"),
        ({"embedding__perplexities": [0.5]}, "'embedding.perplexities.0'"),
        ({"embedding__seeds": [1, 1]}, "'embedding.seeds'"),
        ({"embedding__classes": ["c"]}, "embedding.classes names 'c'"),
        ({"cohort__classes": {"a": {"findings": ["x"]}}}, "'cohort.classes'"),
        ({"cohort__classes__a__sources": ["e"]}, "cohort.classes.a.sources names 'e'"),
        (
            {"cohort__views": ["PA", "PAX"]},
            "'cohort.views.1': must be a view in any usual spelling",
        ),
        ({"cohort__modality": "MR"}, "'cohort.modality': must be a modality"),
        ({"cohort__per_class": "max"}, "'cohort.per_class'"),
        ({"clustering__min_clusters": 9}, "min_clusters (9) is greater than max_clusters (8)"),
        ({"models__m__training__epochs": "ten"}, "'models.m.training.epochs'"),
        (
            {"models__m__training__phases": [{"epochs": 1, "image_size": 500}]},
            "models.m.training.phases.0.image_size': wants images of 500 pixels",
        ),
        (
            {"models__m__training": {"recipe": "scratch", "phases": [{"epochs": 1}]}},
            "both recipe and phases",
        ),
        ({"models__m__training__recipe": "transfer"}, "freezes a backbone without weights"),
        (
            {"models__m__training__phases": [{"epochs": 1, "learning_rate": [0.1]}]},
            "models.m.training.phases.0.learning_rate",
        ),
        ({"cohort__match": ["vieww"]}, "cohort.match names 'vieww'"),
        ({"cohort__match": []}, "'cohort.match'"),
        ({"cohort__match": ["view"], "cohort__per_class": "all"}, "as many images of every class"),
        ({"cohort__per_class": {"normal": 5}}, "has to name every class"),
        ({"evaluation__folds": 1}, "evaluation.folds"),
        ({"evaluation__external": ["e"]}, "evaluation.external names 'e', which is not in sources"),
        ({"evaluation__external": ["d"]}, "evaluation.external names every source"),
        ({"evaluation__external": ["d", "d"]}, "'evaluation.external': a value occurs twice"),
        (
            {"evaluation__external": ["d"], "cohort__classes__a__sources": ["d"]},
            "names 'd', which cohort.classes.a.sources trains on; leave it out of one of them",
        ),
        (
            {
                "sources__e": {
                    "kind": "table",
                    "path": "x",
                    "columns": {"file": "f", "finding": "g", "fields": {"ward": "w"}},
                },
                "evaluation__external": ["e"],
                "cohort__match": ["ward"],
            },
            "cohort.match names 'ward'",
        ),
        ({"cohort__tags": {"fields": ["doi"]}}, "cohort.tags.fields names 'doi'"),
        ({"cohort__tags": {"min_patients": 1}}, "'cohort.tags.min_patients'"),
        (
            {"evaluation__published": {"study": "s", "values": {"fbeta": 1}, "why": "w"}},
            "evaluation.published holds metrics of tags",
        ),
        (
            {
                "cohort__tags": {},
                "evaluation__published": {"study": "s", "values": {"f1": 1}, "why": "w"},
            },
            "values names 'f1'",
        ),
        ({"analysis": {"target": "sex", "predictors": ["sex"]}}, "names the target"),
        ({"analysis": {"predictors": ["location", "location"]}}, "a value occurs twice"),
        ({"cohort__tags": {"fields": ["sex", "sex"]}}, "a value occurs twice"),
        (
            {"analysis": {"published": {"study": "s", "values": {"forest": 1}, "why": "w"}}},
            "values names 'forest'",
        ),
        ({"model": "other"}, "model names 'other'"),
        ({"models__m__weights": "imagenet"}, "conv5 has no imagenet weights"),
        ({"models": {}}, "models is missing"),
        ({"features": {"from_file": "x"}}, "sources can't stand beside features"),
        ({"study": "../escape"}, "'study'"),
        (
            {"evidence": {"thresholds": {"alpha": 0.02}, "replicates": 48}},
            "replicates of 48 can't give a p-value of 0.02",
        ),
        (
            {"evidence": {"thresholds": {"alpha": 0.001}, "replicates": 1999, "permutations": 998}},
            "permutations of 998 can't give a p-value of 0.001",
        ),
        ({"study": "sources"}, "study can't be 'sources'"),
        ({"sources": {"logs": {"kind": "synthetic"}}}, "sources.logs can't have this name"),
        (
            {
                "sources__d": {
                    "kind": "archive",
                    "reader": "kermany",
                    "url": "ftp://x",
                    "folder": "a",
                }
            },
            "'sources.d.url'",
        ),
        ({"sources__d": {"kind": "ftp"}}, "'sources.d'"),
        ({"sources__d": {}}, "'sources.d'"),
        ({"sources__d": {"kind": "synthetic", "path": "x"}}, "'sources.d.path'"),
    ],
)
def test_a_bad_config_ends_in_one_line_that_names_the_key(changes, key):
    with pytest.raises(InputError) as error:
        resolve(study(**changes))
    assert key in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"study": "my study"}, "'study': a name of letters without accents, digits, - and _ is"),
        ({"cohort__views": "PA"}, "'cohort.views': a list is expected, as in .a, b., not 'PA'"),
        ({"cohort__classes__a": ["x"]}, "classes.a': keys with values are expected, one a line"),
    ],
)
def test_what_is_expected_is_said_in_plain_words(changes, message):
    with pytest.raises(InputError, match=message):
        resolve(study(**changes))


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "study.yaml"
    twice = "study: s\ncohort:\n  classes:\n    a: {findings: [x]}\n    a: {findings: [y]}\n"
    path.write_text(twice)
    with pytest.raises(InputError, match=r"'cohort\.classes\.a' is in lines 4 and 5, of which"):
        require_unique_keys(path)
    path.write_text("a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: [{b: 1}, {b: 2}]\n")
    assert repeated_keys(path) == []


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_no_study_has_a_key_twice(path):
    assert repeated_keys(path) == []


@pytest.mark.parametrize(("alpha", "least"), [(0.05, 19), (0.01, 99), (0.002, 499)])
def test_the_fewest_simulations_are_those_whose_smallest_p_value_passes(alpha, least):
    evidence = {"thresholds": {"alpha": alpha}, "replicates": least}
    assert resolve(study(evidence=evidence))["evidence"]["replicates"] == least
    if least > 19:
        with pytest.raises(InputError, match=f"{least} is the least number that can"):
            resolve(study(evidence=evidence | {"replicates": least - 1}))


def test_a_missing_section_is_named():
    raw = study()
    del raw["cohort"]
    with pytest.raises(InputError, match="cohort is missing"):
        resolve(raw)


@pytest.mark.parametrize("text", ["0123", "2020_04_08", "1e3"])
def test_a_folder_named_like_a_number_is_to_be_written_as_a_path(monkeypatch, text):
    monkeypatch.setattr("sys.argv", ["snakemake", "predict", "--config", f"images={text}"])
    number = int(text) if text != "1e3" else float(text)
    with pytest.raises(InputError, match=f"{text} is read as the number.*write ./{text}$"):
        resolve(study(images=number))
    assert resolve(study(images=f"./{text}"))["images"] == f"./{text}"


@pytest.mark.parametrize("key", ["images", "query", "mirror", "sources__d__path"])
def test_a_tilde_is_the_home(key, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    directory = {"kind": "directory", "reader": "kermany", "path": "."}
    changes = {"sources__d": directory, key: "~/chest"}
    resolved = resolve(study(**changes))
    for part in key.split("__"):
        resolved = resolved[part]
    assert resolved == f"{tmp_path}/chest"


def test_missing_folders_and_files_are_named(tmp_path):
    with pytest.raises(InputError, match="'mirror': there is no folder"):
        check_files(resolve(study(mirror=str(tmp_path / "none"))))
    with pytest.raises(InputError, match=r"'mirror': the folder .* is empty"):
        check_files(resolve(study(mirror=str(tmp_path))))
    directory = {"kind": "directory", "reader": "kermany", "path": str(tmp_path / "none")}
    with pytest.raises(InputError, match=r"'sources\.d\.path': there is no folder"):
        check_files(resolve(study(sources={"d": directory})))
    with pytest.raises(InputError, match=r"'models\.m\.weights': there is no file"):
        check_files(resolve(study(models__m__weights=str(tmp_path / "none.pth"))))
    encoder = {"library": "timm", "path": str(tmp_path / "none")}
    with pytest.raises(InputError, match=r"encoders.enc.path.*no folder.*timm saves it"):
        check_files(resolve(study(encoders={"enc": encoder})))


def test_a_table_and_a_folder_of_images_that_are_not_there_are_named(tmp_path):
    (tmp_path / "Cohort.CSV").write_text("image")
    (tmp_path / "list.tsv").write_text("image")
    table = {
        "kind": "table",
        "path": str(tmp_path),
        "table": "cohort.csv",
        "images": "png",
        "columns": {"file": "image"},
        "constants": {"finding": "x"},
    }
    with pytest.raises(
        InputError, match=r"'sources\.d\.table': .*; there are Cohort.CSV, list.tsv"
    ):
        check_files(resolve(study(sources__d=table)))
    with pytest.raises(InputError, match=r"'sources\.d\.images': there is no folder"):
        check_files(resolve(study(sources__d=table | {"table": "Cohort.CSV"})))
    with pytest.raises(InputError, match=r"'sources\.d\.images': there is no folder"):
        check_files(resolve(study(sources__d=table | {"table": "list.tsv", "images": "list.tsv"})))


def test_a_mirror_without_the_folder_of_a_source_is_named(tmp_path):
    (tmp_path / "other").mkdir()
    archive = {
        "kind": "archive",
        "reader": "kermany",
        "url": "https://example.org/a.zip",
        "folder": "chest_xray",
    }
    with pytest.raises(InputError, match=r"there is no folder .*chest_xray.* the source 'd'"):
        check_files(resolve(study(sources={"d": archive}, mirror=str(tmp_path))))


def test_the_order_of_keys_means_nothing():
    raw = study(clustering={"eps": [0.5], "min_clusters": 2}, seed=3)

    def backwards(value):
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return value

    assert json.dumps(resolve(raw)) == json.dumps(resolve(backwards(copy.deepcopy(raw))))


def test_a_range_holds_the_same_floats_as_numpy():
    resolved = resolve(study(clustering={"eps": {"start": 0.1, "stop": 1.9, "step": 0.1}}))
    assert resolved["clustering"]["eps"] == np.arange(0.1, 2.0, 0.1).tolist()


def test_defaults_fill_every_key():
    assert resolve(resolve(study()) | {"mirror": None}) == resolve(study())


def test_words_that_yaml_reads_as_numbers_stay_words():
    config = yaml.safe_load("{0: {findings: [0]}, 1: {findings: [1, 1.5]}}")
    classes = resolve(study(cohort__classes=config))["cohort"]["classes"]
    assert {name: rule["findings"] for name, rule in classes.items()} == {
        "0": ["0"],
        "1": ["1", "1.5"],
    }


def test_schema_and_reference_table_are_current():
    for path, text in reference.documents().items():
        assert path.read_text() == text, f"{path} is out of date; run make reference"


def test_every_key_has_a_description():
    def sections(node):
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for child in node.values():
                yield from sections(child)

    for section in sections(Config.model_json_schema()):
        for key, field in section["properties"].items():
            assert key == "kind" or {"description", "$ref"} & set(field), (
                f"{section['title']}.{key}"
            )


def test_a_finding_for_all_folders_is_refused_and_not_passed_over():
    source = {"kind": "folders", "path": "x", "constants": {"finding": "COVID-19"}}
    with pytest.raises(InputError, match=r"'sources\.own': constants\.finding is not used"):
        resolve(study(sources={"own": source}))
