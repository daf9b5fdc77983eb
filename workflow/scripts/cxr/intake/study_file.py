"""A commented study file for a stranger's data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class StudyDraft:
    """What a study file says, where it differs from the defaults.

    Attributes
    ----------
    study : str
        Its name.
    source : mapping
        The one source, as in the config; of external features their section.
    notes : mapping
        A comment on a key of the source, by its dotted path.
    classes : mapping
        The finding of each class by its name.
    counts : mapping
        Images and patients of each class.
    others : sequence of str
        Findings that are in no class, with their counts.
    views : sequence of str or None
        None for every view.
    modality : str
    mapped : str or None
        The class whose images are mapped, None for all.
    balanced : bool
        Whether the classes are cut to the size of the smallest.
    """

    study: str
    source: Mapping[str, Any]
    notes: Mapping[str, str]
    classes: Mapping[str, str]
    counts: Mapping[str, tuple[int, int]]
    others: Sequence[str]
    views: Sequence[str] | None
    modality: str
    mapped: str | None
    balanced: bool


HEAD = """\
# yaml-language-server: $schema=../../workflow/schemas/config.schema.json
# Written by `make init`, with guesses: check what stands behind #. Every key is explained in
# docs/reference/config.md.
#   make check-data STUDY={study}      what is used, what is left out and why, in seconds
#   make study STUDY={study} QUICK=1   a first report, in minutes
#   make study STUDY={study}           the study
study: {name}
"""


def study_text(draft: StudyDraft) -> str:
    """The YAML of a draft, with comments."""
    lines = [_head(draft.study), "sources:", "  own:"]
    lines += _mapping(draft.source, draft.notes, "", 4)
    lines += ["", "cohort:", "  classes:"]
    for name, finding in draft.classes.items():
        images, patients = draft.counts[name]
        lines.append(f"    {_plain(name)}:  # {images} images of {patients} patients")
        lines.append(f"      findings: {_plain([finding])}")
    if draft.others:
        lines.append(f"  # In no class: {_comment('; '.join(draft.others))}")
    if draft.views is None:
        lines.append("  views: null  # every one, unknown ones too")
    else:
        lines.append(f"  views: {_plain(list(draft.views))}")
    lines.append(f"  modality: {_plain(draft.modality)}")
    if draft.balanced:
        lines.append("  per_class: min  # as many images as the smallest class has")
    else:
        lines.append("  per_class: all  # min would cut every class to the smallest one")
    lines += [
        "  image_size: 96  # pixels; 224 with weights of ImageNet",
        "",
        "models:",
        "  conv5:  # trained from nothing; others start from weights: resnet18, densenet121, ...",
        "    architecture: conv5",
        "",
        "embedding:",
    ]
    if draft.mapped is None:
        lines.append("  classes: null  # whose images are mapped and clustered; null for all")
    else:
        lines.append(
            f"  classes: {_plain([draft.mapped])}  # whose images are mapped; null for all"
        )
    return "\n".join(lines) + "\n"


def features_text(study: str, path: str) -> str:
    """The YAML of a study of external features."""
    return "\n".join([_head(study), "features:", f"  from_file: {_plain(path)}", ""])


def _head(study: str) -> str:
    return HEAD.format(study=study, name=_plain(study))


def _mapping(
    values: Mapping[str, Any], notes: Mapping[str, str], prefix: str, indent: int
) -> list[str]:
    lines = []
    for key, value in values.items():
        place, space = f"{prefix}{key}", " " * indent
        note = f"  # {_comment(notes[place])}" if place in notes else ""
        if isinstance(value, Mapping):
            lines.append(f"{space}{key}:{note}")
            lines += _mapping(value, notes, f"{place}.", indent + 2)
        else:
            lines.append(f"{space}{key}: {_plain(value)}{note}")
    return lines


def _comment(text: str) -> str:
    """A comment of one line, whatever characters a table's texts have."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _plain(value: Any) -> str:
    """A value in YAML's notation, in one line; text in quotes wherever it needs them."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), allow_unicode=True
    ).removesuffix("\n...\n")
    return text.rstrip("\n")
