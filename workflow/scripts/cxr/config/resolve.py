"""A study's config file, checked and made plain.

`resolve` turns it into a nested dict with every default filled in, of which
jobs get their parts.
"""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cxr.config.arguments import command_line_text
from cxr.config.base import NAME_PATTERN, Range
from cxr.config.networks import Phase
from cxr.config.quick import quick_study
from cxr.config.sources import PresetSource
from cxr.config.study import Config
from cxr.core.errors import InputError
from cxr.core.paths import ROOT

CONFIG = ROOT / "config"
PRESETS = CONFIG / "presets.yaml"
RECIPES = CONFIG / "recipes.yaml"
# What YAML makes of some texts: `NO`, `007`, `2020_04_08`, `2020-04-08`.
NOT_TEXT = (bool, int, float, date)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
# What is expected, in place of the words of pydantic.
SHAPES = {
    "list_type": "a list is expected, as in [a, b]",
    "dict_type": "keys with values are expected, one a line",
    "model_type": "keys with values are expected, one a line",
    "model_attributes_type": "keys with values are expected, one a line",
}
NAME_EXPECTED = "a name of letters without accents, digits, - and _ is expected"
# Keys that are given on the command line.
PATHS = ("images", "mirror", "query")


def resolve(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Validates a study's config and fills in its defaults.

    Ranges become lists of their values and mappings are sorted, so that a job's
    settings are plain and the order of keys in a file means nothing.

    Parameters
    ----------
    raw : mapping
        The config as read from YAML.

    Returns
    -------
    dict
        Plain nested dicts, lists, strings and numbers with every key present.

    Raises
    ------
    InputError
        With the first offending key, what is wrong with it and what it holds.
    """
    try:
        config = Config.model_validate(dict(raw))
        presets = _presets(config)
        if presets:
            config = Config.model_validate({**raw, "sources": {**raw["sources"], **presets}})
    except ValidationError as error:
        raise InputError(_first_line(error)) from error
    plain = config.model_dump(mode="json")
    for name, net in plain["models"].items():
        net["training"] = _training(name, net, plain["cohort"]["image_size"])
    plain["embedding"]["perplexities"] = _values(config.embedding.perplexities)
    plain["clustering"]["eps"] = sorted(_values(config.clustering.eps))
    plain["clustering"]["min_samples"] = _whole(config.clustering.min_samples)
    if config.clustering.hdbscan is not None:
        hdbscan = config.clustering.hdbscan
        plain["clustering"]["hdbscan"] = {
            "min_cluster_size": _whole(hdbscan.min_cluster_size),
            "min_samples": _whole(hdbscan.min_samples),
        }
    quick = plain.pop("quick")
    return _sorted(quick_study(plain) if quick else plain)


def _presets(config: Config) -> dict[str, Any]:
    """The sources that presets stand for, by the sources' names."""
    named = {
        name: source.preset
        for name, source in config.sources.items()
        if isinstance(source, PresetSource)
    }
    presets = yaml.safe_load(PRESETS.read_text(encoding="utf-8")) if named else {}
    return {name: presets[preset] for name, preset in named.items()}


def _training(name: str, net: Mapping[str, Any], largest: int) -> dict[str, Any]:
    """A network's training with the phases of its recipe, each with its image size."""
    training = dict(net["training"])
    recipe, key = training.pop("recipe"), f"models.{name}.training"
    if training["phases"] is None:
        recipe = recipe or ("scratch" if net["weights"] == "none" else "transfer")
        recipes = yaml.safe_load(RECIPES.read_text(encoding="utf-8"))
        phases = [Phase.model_validate(phase) for phase in recipes[recipe]]
        training["phases"] = [phase.model_dump(mode="json") for phase in phases]
    for position, phase in enumerate(training["phases"]):
        phase["image_size"] = phase["image_size"] or largest
        if phase["image_size"] > largest:
            where = "recipe" if recipe else f"phases.{position}.image_size"
            raise InputError(
                f"config key '{key}.{where}': wants images of {phase['image_size']} pixels, more "
                f"than cohort.image_size ({largest}); raise that, or use smaller phases"
            )
    return training


def check_files(study: Mapping[str, Any]) -> None:
    """Checks that the folders and files that a resolved config names are there.

    Raises
    ------
    InputError
        With the first key whose path does not exist.
    """
    features = study["features"]
    if features is not None and not Path(features["from_file"]).is_file():
        raise InputError(
            f"config key 'features.from_file': there is no file {features['from_file']}; name a "
            f"Parquet table of features"
        )
    mirror = study["mirror"]
    if mirror is not None:
        _require_folder("mirror", mirror, "name the folder that holds the sources, or leave it out")
    for name, source in study["sources"].items():
        if "path" in source:
            _require_folder(f"sources.{name}.path", source["path"], "name the folder of the source")
        if source["kind"] == "table":
            _require_table(f"sources.{name}", source)
        elif mirror is not None and "folder" in source:
            folder = Path(mirror) / source["folder"]
            _require_folder("mirror", folder, f"it should hold the source '{name}'")
    _check_encoders(study)
    for name, model in study["models"].items():
        weights = model["weights"]
        if weights not in ("none", "imagenet") and not Path(weights).is_file():
            raise InputError(
                f"config key 'models.{name}.weights': there is no file {weights}; name a state "
                f"dict, `imagenet` or `none`"
            )


def _check_encoders(study: Mapping[str, Any]) -> None:
    for name, encoder in study["encoders"].items():
        if encoder["path"] is not None:
            advice = f"name the folder of a model as {encoder['library']} saves it"
            _require_folder(f"encoders.{name}.path", encoder["path"], advice)


def _require_table(key: str, source: Mapping[str, Any]) -> None:
    root = Path(source["path"])
    if not (root / source["table"]).is_file():
        tables = sorted(p.name for p in root.iterdir() if p.suffix.casefold() in TABLE_SUFFIXES)
        there = f"; there are {', '.join(tables[:10])}" if tables else ""
        raise InputError(
            f"config key '{key}.table': there is no file {root / source['table']}{there}; name the "
            f"table of the images"
        )
    _require_folder(f"{key}.images", root / source["images"], "name the folder of the images")


def _require_folder(key: str, path: str | Path, advice: str) -> None:
    if not Path(path).is_dir():
        raise InputError(f"config key '{key}': there is no folder {path}; {advice}")
    if not any(Path(path).iterdir()):
        raise InputError(f"config key '{key}': the folder {path} is empty; {advice}")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _values(axis: Range | list[float] | list[int]) -> list[float]:
    return [float(number) for number in (axis.values() if isinstance(axis, Range) else axis)]


def _whole(axis: Range | list[int]) -> list[int]:
    return sorted(int(number) for number in _values(axis))


def _first_line(error: ValidationError) -> str:
    """One line for the first problem: the key, what is wrong, how many more there are."""
    problems = error.errors()
    problem = _most_specific(problems)
    key = _key(problem)
    message = problem["msg"].removeprefix("Value error, ")
    value = problem["input"]
    if problem.get("ctx", {}).get("pattern") == NAME_PATTERN:
        message = NAME_EXPECTED
    if problem["type"] == "missing":
        message = "is missing"
    elif problem["type"] == "string_type" and isinstance(value, NOT_TEXT):
        message = _no_text(key, value)
    elif problem["type"] == "string_type" and value is None:
        message = (
            "a text is expected, but YAML reads ~, null and an empty place as no value; put a "
            'text in quotes, as in "~"'
        )
    elif problem["type"] == "union_tag_not_found":
        message = (
            "the key kind is missing; table, folders, directory, ...: see docs/reference/config.md"
        )
    elif problem["type"] in SHAPES:
        message = f"{SHAPES[problem['type']]}, not {str(value)[:80]!r}"
    elif isinstance(value, str | int | float | bool | list):
        message = f"{message}, not {str(value)[:80]!r}"
    more = len({_key(other) for other in problems} - {key})
    rest = f" (and {more} more keys are wrong)" if more else ""
    return (f"config key '{key}': {message}" if key else f"config: {message}") + rest


def _no_text(key: str, value: Any) -> str:
    """What to do where YAML, or Snakemake's command line, makes something else of a text."""
    if key in PATHS:
        text = command_line_text(key, str(value))
        return f"a path is expected, but {text} is read as the number {value}; write ./{text}"
    if isinstance(value, bool):
        words = "yes, on or true" if value else "no, off or false"
        return (
            f"a text is expected, but YAML reads {words} as {str(value).lower()}; put the word in "
            f'quotes, as in "NO"'
        )
    kind = "number" if isinstance(value, int | float) else "date"
    return (
        f"a text is expected, but YAML reads the {kind} {value}, without zeros before it or "
        f'underscores; put it in quotes, as in "007"'
    )


def _key(problem: Any) -> str:
    """The dotted path of a problem, without the tags of unions that pydantic puts into it."""
    parts = [str(part) for part in problem["loc"]]
    if parts[:1] == ["sources"] and len(parts) > 2:
        del parts[2]  # the kind of the source
    tag = r"\[|\]|^(Range|int|float|constrained-.*)$"
    parts = [part for part in parts if not re.search(tag, part)]
    if problem["type"] == "unknown_key":
        parts.append(str(problem["ctx"]["key"]))
    return ".".join(parts)


def _most_specific(problems: list[Any]) -> Any:
    """The first problem whose input has the expected type, else the first one."""
    shape_only = ("list_type", "model_type", "dict_type", "literal_error", "model_attributes_type")
    specific = [p for p in problems if p["type"] not in shape_only]
    return (specific or problems)[0]
