"""Fields of a study's own: their names, and the keys that name them."""

import pytest

from cxr.config.resolve import resolve
from cxr.core.errors import InputError

CLASSES = {"a": {"findings": ["x"]}, "b": {"findings": ["y"]}}


def study(source=None, *, cohort=None, **sections):
    table = {"kind": "table", "path": "x", "columns": {"file": "f", "finding": "d"}}
    return {
        "study": "s",
        "sources": {"ours": table | (source or {})},
        "cohort": {"classes": CLASSES, **(cohort or {})},
        "models": {"m": {"architecture": "conv5"}},
        **sections,
    }


def of(fields, section="columns"):
    kept = {"file": "f", "finding": "d"} if section == "columns" else {}
    return {section: {**kept, "fields": fields}}


def problem(config):
    with pytest.raises(InputError) as error:
        resolve(config)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ward 3", "letters, digits and underscores"),
        ("3d", "letters, digits and underscores"),
        ("Sex", "sex is a column of the shared schema"),
        ("cluster", "that of another column"),
        ("probability_COVID", "that of another column"),
        ("f012", "that of another column"),
    ],
)
@pytest.mark.parametrize("section", ["columns", "constants"])
def test_a_name_that_is_taken_is_an_error_at_its_key(name, why, section):
    line = problem(study(of({name: "c"}, section)))
    assert f"'sources.ours.{section}.fields.{name}" in line
    assert why in line


def test_own_fields_can_be_tags_targets_and_predictors():
    source = of({"scanner": "Manufacturer", "dose": "mGy"}) | {"tags": ["StationName"]}
    resolved = resolve(
        study(
            source,
            cohort={"tags": {"fields": ["sex", "station_name"]}},
            analysis={"target": "scanner", "predictors": ["dose", "age_years"]},
        )
    )
    assert resolved["sources"]["ours"]["columns"]["fields"]["scanner"] == "Manufacturer"


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"cohort": {"tags": {"fields": ["scaner"]}}}, "cohort.tags.fields names 'scaner'"),
        ({"analysis": {"target": "Scanner"}}, "analysis.target names 'Scanner'"),
        ({"analysis": {"predictors": ["scanners"]}}, "analysis.predictors names 'scanners'"),
        ({"evidence": {"within": "scanners"}}, "evidence.within names 'scanners'"),
    ],
)
def test_a_field_that_no_source_has_is_an_error_with_the_nearest_name(sections, line):
    found = problem(study(of({"scanner": "Manufacturer"}), **sections))
    assert line in found
    assert "did you mean 'scanner'?" in found


def test_null_models_can_be_fitted_within_a_field():
    for name in ("source", "age_band", "scanner"):
        resolved = resolve(study(of({"scanner": "Manufacturer"}), evidence={"within": name}))
        assert resolved["evidence"]["within"] == name
    # Of a table of features the columns are not known before it is read.
    table = {"study": "s", "features": {"from_file": "x.csv"}, "evidence": {"within": "ward"}}
    assert resolve(table)["evidence"]["within"] == "ward"


def test_sources_in_a_published_layout_bring_their_fields():
    source = {"kind": "directory", "reader": "ieee8023", "path": "x"}
    config = study(analysis={"predictors": ["temperature"]})
    resolve({**config, "sources": {"d": source}})
    preset = {"kind": "preset", "preset": "covid-chestxray-2020-04-08"}
    resolve({**config, "sources": {"d": preset}})
    ct = {"kind": "preset", "preset": "covid-ct"}
    assert "predictors names 'temperature'" in problem({**config, "sources": {"d": ct}})


def test_a_table_in_a_git_repository_has_the_keys_of_a_table():
    place = {"kind": "git", "url": "https://x", "commit": 40 * "a", "folder": "x"}
    columns = {"file": "f", "finding": "d", "fields": {"scanner": "Manufacturer"}}
    table = place | {"reader": "table", "table": "m.csv", "columns": columns}
    config = study(analysis={"predictors": ["scanner"]})
    resolved = resolve({**config, "sources": {"d": table}})["sources"]["d"]
    assert resolved["columns"]["fields"] == {"scanner": "Manufacturer"}
    without = {name: value for name, value in table.items() if name != "columns"}
    assert "'sources.d.columns': is missing" in problem({**config, "sources": {"d": without}})
    wrong = table | {"reader": "tabel"}
    assert "'sources.d.reader'" in problem({**config, "sources": {"d": wrong}})


def test_one_field_has_one_spelling_in_all_sources():
    config = study(of({"ward": "w"}))
    config["sources"]["theirs"] = study(of({"Ward": "w"}))["sources"]["ours"]
    assert "sources.theirs has the field 'Ward', sources.ours has 'ward'" in problem(config)


@pytest.mark.parametrize(
    ("tags", "line"),
    [
        (["KVP", "PatientName"], "'sources.ours.tags.1': PatientName may name a person"),
        (["Manufactuer"], "'sources.ours.tags.0': Manufactuer is no keyword of DICOM"),
        (["Laterality", "Laterality"], "a value occurs twice"),
        (["Columns", "Exposure"], ""),
    ],
)
def test_tags_are_checked_before_any_job(tags, line):
    config = study({"tags": tags})
    if line:
        assert line in problem(config)
    else:
        assert resolve(config)["sources"]["ours"]["tags"] == tags


def test_fields_of_burned_in_text_are_named_where_it_is_searched_for():
    named = {"evidence": {"within": "text_present"}}
    assert resolve(study(cohort={"text": {}, "match": ["text_position"]}, **named))
    assert "no recorded field" in problem(study(**named))
    words = {"match": ["text_words"]}
    assert resolve(study(cohort={"text": {"words": "field"}, **words}))
    assert "no recorded field" in problem(study(cohort={"text": {}, **words}))


def test_a_field_of_your_own_is_not_called_as_one_of_text():
    assert "that of another column" in problem(study(of({"text_share": "c"})))


def test_text_is_hidden_only_where_it_is_searched_for():
    assert "give text" in problem(study(cohort={"hide_text": True}))
