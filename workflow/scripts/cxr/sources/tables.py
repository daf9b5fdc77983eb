"""What readers of text tables share: decoding, bad file names, text into the shared schema."""

import csv
import io
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from cxr.core.errors import InputError
from cxr.metadata import schema as metadata
from cxr.metadata.countries import country
from cxr.metadata.schema import SPELLINGS, SUMMARY, Reading, as_text, rejections, tidy
from cxr.metadata.severity import severity

log = logging.getLogger("cxr")

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom")
# What turns a column's text into the schema's value; None where it says nothing.
PARSERS: dict[str, Callable[[str | None], object]] = {
    "finding": metadata.finding,
    "view": metadata.view,
    "modality": metadata.modality,
    "sex": metadata.sex,
    "age_years": metadata.age_years,
    "date": metadata.date,
    "offset_days": metadata.offset_days,
    "country": country,
    "location": metadata.location,
    "survival": metadata.answer,
    "icu": metadata.answer,
    "intubated": metadata.answer,
    "severity": severity,
    "severity_extent": lambda text: metadata.number(text, 0, 8),
    "severity_opacity": lambda text: metadata.number(text, 0, 6),
    "licence": tidy,
    "doi": metadata.doi,
}
EXAMPLES = 3


def read_csv(path: Path) -> pd.DataFrame:
    """A table as text, its column names trimmed; of two that are alike the first counts.

    Bytes that are not UTF-8 are read as Windows-1252, in which such files are
    usually written; a warning names the lines. Blank rows are dropped.

    Returns
    -------
    DataFrame
        Its index holds the number of each row, the header being row 1.

    Raises
    ------
    InputError
        If the file is missing, has no header, or a row that is none.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; is this a source of this layout?") from error
    lines = []
    foreign = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            foreign.append(number)
    if foreign:
        log.warning("%s: line %s is not UTF-8 and is read as Windows-1252", path, numbers(foreign))
    text = "\n".join(line.rstrip("\r") for line in lines).replace("\0", "")
    rows = {number: row for number, row in _rows(text, path) if any(map(str.strip, row))}
    if not rows:
        raise InputError(f"{path}: no header; the file is empty or was cut short, obtain it again")
    (_, names), *body = rows.items()
    header = [name.strip() for name in names]
    width = len(header)
    table = pd.DataFrame(
        [(row + [""] * width)[:width] for _, row in body],
        columns=header,
        index=[number for number, _ in body],
        dtype="str",
    )
    return table.loc[:, ~table.columns.duplicated()]


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV and their numbers, blank ones too."""
    reader = csv.reader(io.StringIO(text, newline=""))
    begins = 1
    try:
        for number, row in enumerate(reader, start=1):
            yield number, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}: the row that begins in line {begins} can't be read ({error}); close its "
            f"quote or remove it"
        ) from error


def read_table(path: Path) -> pd.DataFrame:
    """A CSV, Parquet or XLSX table as text; missing values are None, or empty in CSV.

    Of columns that trimming makes alike the first counts.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    suffix = path.suffix.casefold()
    if suffix not in (".parquet", ".xlsx"):
        return read_csv(path)
    try:
        if suffix == ".parquet":
            # Its index may hold a value twice, and is no column.
            found = pd.read_parquet(path).reset_index(drop=True)
        else:
            found = pd.read_excel(path, dtype="object")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; name the source's table") from error
    except Exception as error:
        # Whatever a damaged workbook or Parquet file makes of its reader.
        raise InputError(f"{path}: not a whole {suffix[1:]} table ({error})") from error
    found.columns = [str(name).strip() for name in found.columns]
    found = found.loc[:, ~found.columns.duplicated()]
    return found.astype("object").map(as_text)


def numbers(lines: list[int]) -> str:
    """The first ten of some line numbers, in words."""
    return ", ".join(map(str, lines[:10])) + (", ..." if len(lines) > 10 else "")


def convert(raw: pd.DataFrame, source: str, own: Sequence[str] = ()) -> Reading:
    """Rows of text as rows of the shared schema.

    Parameters
    ----------
    raw : DataFrame
        Text in columns named as in the schema; `file` and `patient_id` are
        needed, the latter without its source. A row without a patient is its
        own patient.
    source : str
    own : sequence of str
        Columns that the reader filled in itself: there was nothing to clean.

    Returns
    -------
    Reading
        The rows, for each column how many values were normalised, unparsed or
        missing, and its distinct texts, as they stood, with the value of each.
    """
    rows = pd.DataFrame({"file": raw["file"].to_list()})
    rows["image_id"] = [f"{source}/{file}" for file in rows["file"]]
    rows["source"] = source
    patients = [
        tidy(text) or file for text, file in zip(raw["patient_id"], raw["file"], strict=True)
    ]
    rows["patient_id"] = [f"{source}:{patient}" for patient in patients]
    summary: list[dict[str, object]] = []
    spellings: list[dict[str, object]] = []
    for name in (column for column in PARSERS if column in raw.columns):
        texts = [tidy(text) for text in raw[name]]
        values = [PARSERS[name](text) for text in texts]
        rows[name] = values
        if name in own:
            continue
        unparsed = Counter(
            text for text, value in zip(texts, values, strict=True) if text and value is None
        )
        common = sorted(unparsed.items(), key=lambda item: (-item[1], item[0]))[:EXAMPLES]
        summary.append(
            {
                "source": source,
                "column": name,
                "rows": len(texts),
                "normalised": sum(value is not None for value in values),
                "unparsed": unparsed.total(),
                "missing": sum(text is None for text in texts),
                "ambiguous": sum(map(metadata.is_ambiguous, texts)) if name == "date" else 0,
                "examples": "; ".join(f"{text[:60]} ({count})" for text, count in common),
            }
        )
        stood = [str(cell) if text else None for cell, text in zip(raw[name], texts, strict=True)]
        counts = Counter(stood)
        spellings += [
            {"source": source, "column": name, "text": cell, "value": value, "rows": counts[cell]}
            for cell, value in dict(zip(stood, values, strict=True)).items()
            if cell
        ]
    return Reading.of(
        rows,
        summary=pd.DataFrame(summary, columns=list(SUMMARY)),
        spellings=pd.DataFrame(spellings, columns=list(SPELLINGS)).astype({"value": "object"}),
    )


def gather(
    raw: pd.DataFrame, source: str, unlisted: Sequence[str], reason: str, own: Sequence[str] = ()
) -> Reading:
    """The usable rows in the shared schema, and a rejection for everything else.

    Parameters
    ----------
    raw : DataFrame
        As `split` and `convert` take it.
    source : str
    unlisted : sequence of str
        Files that no row names.
    reason : str
        Why these are rejected.
    own : sequence of str
        As `convert` takes it.
    """
    used, bad = split(raw, source)
    none = rejections([source] * len(unlisted), unlisted, "metadata", [reason] * len(unlisted))
    reading = convert(used, source, own)
    return replace(reading, rejected=pd.concat([bad, none], ignore_index=True))


def name_mixed_patients(rows: pd.DataFrame, path: Path) -> None:
    """Warns of patient ids that seem to stand for two people; they stay together."""
    if "sex" not in rows.columns:
        return
    sexes = rows["sex"].map(metadata.sex).groupby(rows["patient_id"].map(tidy)).nunique()
    mixed = sexes.index[sexes > 1].tolist()
    if mixed:
        log.warning(
            "%s: patient %s has rows of both sexes; its images are kept in one split",
            path,
            ", ".join(map(str, mixed[:10])),
        )


def without_row(root: Path, folder: Path, named: set[str]) -> list[str]:
    """The files below a folder that no row names, relative to the source's folder `root`.

    Hidden ones are not listed.
    """
    found = (path.relative_to(root) for path in folder.rglob("*") if path.is_file())
    shown = [path for path in found if not any(part.startswith(".") for part in path.parts)]
    return sorted(path.as_posix() for path in shown if path.as_posix() not in named)


def split(raw: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows whose file can be that of one image, and rejections for the others.

    Parameters
    ----------
    raw : DataFrame
        `file`, relative to the source's folder and empty where there is none,
        `patient_id`, and optionally `problem`, why a row can't be used.
    """
    reasons = raw["file"].map(_bad_name).astype("object")
    reasons = reasons.where(reasons.notna(), None)
    if "problem" in raw.columns:
        reasons = raw["problem"].astype("object").where(raw["problem"].notna(), reasons)
    named = raw.loc[reasons.isna()]
    patients = named.groupby("file")["patient_id"].transform(
        lambda ids: ids.map(tidy).nunique(dropna=False)
    )
    reasons[patients.index[patients > 1]] = "one file under several patients"
    again = named["file"].duplicated() & (patients == 1)
    reasons[again.index[again]] = "the same file in an earlier row"
    out = raw.loc[reasons.notna()]
    rejected = rejections([source] * len(out), out["file"], "metadata", reasons.dropna().tolist())
    return raw.loc[reasons.isna()], rejected


def _bad_name(file: str) -> str | None:
    """Why a file name can't be that of an image, None where it can."""
    path = PurePosixPath(file)
    if not file:
        return "no file name"
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        return "the file name leaves the source's folder"
    if path.suffix.strip().casefold() not in IMAGES:
        return "not an image file: a volume or a document"
    return None
