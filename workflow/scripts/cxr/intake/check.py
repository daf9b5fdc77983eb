"""Checks a study's config, tables and files in seconds, without running its chain.

python -m cxr.intake.check STUDY
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from cxr.cohort.external import anywhere
from cxr.cohort.flow import Flow
from cxr.cohort.mending import mending
from cxr.cohort.selection import (
    EmptyClass,
    SelectionSettings,
    classified_images,
    select_images,
)
from cxr.cohort.splits import SplitShares, assign_splits, link_patients
from cxr.config.repeated_keys import require_unique_keys
from cxr.config.resolve import CONFIG, check_files, resolve
from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256
from cxr.core.settings import typed
from cxr.features.external import import_table
from cxr.images.decode import UnusableImage, decoded, locate
from cxr.intake.notes import show_notes
from cxr.intake.survey import spread
from cxr.metadata.schema import Reading, combine, rejections
from cxr.planning.source_parts import source_part
from cxr.sources.readers import read
from cxr.sources.reading import ReadingSettings

MOST_DECODED = 100
MOST_REASONS = 6
MOST_HASHED = 5 * 10**8  # bytes


def load_study(name: str) -> dict[str, Any]:
    """The resolved config of a study, by its file or its name in config/studies.

    Raises
    ------
    InputError
        If there is no such file, or it is no valid config.
    """
    named = CONFIG / "studies" / f"{name}.yaml" if name else CONFIG / "config.yaml"
    path = Path(name).expanduser() if Path(name).expanduser().is_file() else named
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in named.parent.glob("*.yaml")))
        raise InputError(f"{name}: no such study; name its file, or one of {known}")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML: {error}; correct it") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path}: no keys in it; see docs/reference/config.md")
    require_unique_keys(path)
    study = resolve(raw)
    check_files(study)
    return study


def check(study: Mapping[str, Any]) -> Iterator[str]:
    """Reads the tables of a study, opens some images, and follows the cohort's selection.

    Parameters
    ----------
    study : mapping
        The resolved config.

    Yields
    ------
    str
        Lines that say what is used, what is not and why, and which key mends it.

    Raises
    ------
    InputError
        If the study can't run.
    """
    if study["features"] is not None:
        yield from _check_features(study)
        return
    external = study["evaluation"]["external"]
    readings: dict[str, Reading] = {}
    for name, source in study["sources"].items():
        root = _root(name, source, study["mirror"])
        if root is None:
            yield f"{name}: not obtained yet; the run does that"
            continue
        settings = {"sources": {name: source_part(source, "reading")}}
        layout = typed(ReadingSettings, settings).sources[name]
        reading = read(name, root, layout)
        reading = _with_files(reading, root)
        readings[name] = reading
        yield from _reading_lines(name, reading)
        yield from _image_lines(reading, root, study["cohort"]["min_side"])
    own = [reading for name, reading in readings.items() if name not in external]
    if len(own) == len(study["sources"]) - len(external):
        yield from _cohort_lines(combine(own), study)
    for name in (name for name in external if name in readings):
        yield from _external_lines(name, readings[name], study)


def _root(name: str, source: Mapping[str, Any], mirror: str | None) -> Path | None:
    """Where a source lies already, None where it does not."""
    places = [Path("results/sources") / name]
    if "path" in source:
        places = [Path(source["path"])]
    elif mirror is not None and "folder" in source:
        places.append(Path(mirror) / source["folder"])
    return next((place for place in places if place.is_dir()), None)


def _with_files(reading: Reading, root: Path) -> Reading:
    """The reading with rows whose file is not there rejected."""
    rows = reading.rows
    there = pd.Series(
        [(root / file).is_file() for file in rows["file"]], index=rows.index, dtype=bool
    )
    lost = rows[~there]
    rejected = rejections(lost["source"], lost["file"], "image", ["no such file"] * len(lost))
    found = rows[there].assign(sha256=_hashes(rows[there], root))
    return combine([Reading.of(found, rejected), reading.without_rows()])


def _hashes(rows: pd.DataFrame, root: Path) -> list[str]:
    """What tells files apart: those of one size by their content, where that is quickly read."""
    sizes = pd.Series([(root / file).stat().st_size for file in rows["file"]], dtype="int64")
    alike = sizes.duplicated(keep=False)
    if sizes[alike].sum() > MOST_HASHED:
        return list(rows["image_id"])
    return [
        file_sha256(root / file) if same else image
        for file, image, same in zip(rows["file"], rows["image_id"], alike, strict=True)
    ]


def _reading_lines(name: str, reading: Reading) -> Iterator[str]:
    rows = reading.rows
    yield f"{name}: {len(rows)} images of {rows['patient_id'].nunique()} patients"
    yield from _reason_lines(Counter(reading.rejected["reason"]))
    for _, row in reading.summary[reading.summary["unparsed"] > 0].iterrows():
        yield f"  {row['column']}: {row['unparsed']} values are not understood: {row['examples']}"
    for _, row in reading.summary[reading.summary["ambiguous"] > 0].iterrows():
        yield f"  {row['column']}: {row['ambiguous']} values are ambiguous"


def _reason_lines(reasons: Mapping[str, int]) -> Iterator[str]:
    for reason, number in Counter(reasons).most_common(MOST_REASONS):
        advice = mending(reason)
        yield f"  {number:6} left out: {reason}" + (f"; {advice}" if advice else "")
    others = sum(reasons.values()) - sum(n for _, n in Counter(reasons).most_common(MOST_REASONS))
    if others:
        yield f"  {others:6} left out for other reasons"


def _image_lines(reading: Reading, root: Path, min_side: int) -> Iterator[str]:
    chosen = spread(list(reading.rows["file"]), MOST_DECODED)
    problems: Counter[str] = Counter()
    for file in chosen:
        try:
            with decoded(locate(root, file)) as image:
                if min(image.size) < min_side:
                    problems[f"smaller than {min_side} pixels"] += 1
        except UnusableImage as error:
            problems[str(error)] += 1
    if chosen:
        usable = len(chosen) - problems.total()
        yield f"  {usable} of {len(chosen)} images that were opened can be used"
    yield from _reason_lines(problems)
    if problems and problems.total() == len(reading.rows):
        raise InputError(
            f"{root}: none of its images can be used, most often: {problems.most_common(1)[0][0]}"
        )


def _cohort_lines(reading: Reading, study: Mapping[str, Any]) -> Iterator[str]:
    """The steps of the selection, and whether it can be split.

    Raises
    ------
    InputError
        If a class has no image, or too few patients for the splits.
    """
    yield "the cohort, before near duplicates are removed:"
    settings = _selection(study)
    try:
        selected, flow = select_images(reading.rows, reading.rejected, settings, (), study["seed"])
    except EmptyClass as error:
        yield from _flow_lines(error.flow)
        raise
    yield from _flow_lines(flow)
    yield from _class_lines(selected)
    shares = typed(SplitShares, study["cohort"]["splits"])
    no_pairs = np.empty((0, 2), dtype=np.int64)
    assign_splits(selected, no_pairs, link_patients(reading.rows), shares, study["seed"])


def _external_lines(name: str, reading: Reading, study: Mapping[str, Any]) -> Iterator[str]:
    """The classes of an external source, with the images that the cohort may have as well."""
    settings = anywhere(_selection(study))
    selected, flow = classified_images(reading.rows, reading.rejected, settings)
    yield f"{name}, for external validation, before near duplicates are removed:"
    yield from _flow_lines(flow)
    yield from _class_lines(selected)


def _selection(study: Mapping[str, Any]) -> SelectionSettings:
    keys = ("classes", "views", "modality", "per_class", "match")
    return typed(SelectionSettings, {key: study["cohort"][key] for key in keys})


def _class_lines(selected: pd.DataFrame) -> Iterator[str]:
    for name, members in selected.groupby("class"):
        yield f"  class {name}: {len(members)} images of {members['patient_id'].nunique()} patients"


def _flow_lines(flow: Flow) -> Iterator[str]:
    for step in flow.steps[2:]:
        yield f"  {step['images']:6} {step['name']}"
        yield from (
            f"  {line}"
            for line in _reason_lines({r["reason"]: r["images"] for r in step["removed"]})
        )


def _check_features(study: Mapping[str, Any]) -> Iterator[str]:
    settings = study["features"]
    external = import_table(
        settings["from_file"], settings["name"], settings["columns"], settings["fields"]
    )
    yield f"{settings['from_file']}: {len(external.features)} rows can be used"
    yield from _reason_lines(Counter(external.rejected["reason"]))


def main() -> None:
    """Prints what was found; ends with status 1 and one line where the study can't run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", help="a study's file, or its name in config/studies")
    options = parser.parse_args()
    show_notes()
    try:
        study = load_study(options.study)
        for line in check(study):
            print(line)
    except InputError as error:
        sys.exit(f"error: {error}")
    print("the study can run")


if __name__ == "__main__":
    main()
