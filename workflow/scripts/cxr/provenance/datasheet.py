"""The datasheet of a cohort: what is in it, from where, how it was selected, what it is not for.

References
----------
T. Gebru et al., "Datasheets for datasets", Communications of the ACM 64(12), 2021.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd

from cxr.app.facts import cohort_rows
from cxr.config.catalogue.fields import own_fields
from cxr.core.io import read_csv, read_json, read_table
from cxr.core.markdown import markdown_cell
from cxr.core.software import NAME, commit
from cxr.evidence.covariates import field_name, recorded_fields
from cxr.report.rendering import templates
from cxr.report.table_one import single_sources, table_one
from cxr.statistics.association import MISSING_AS_LEVEL, association_table

HERE = Path(__file__).parent
# What of the shared schema may be missing; the rest a usable image has.
MAY_BE_MISSING = (
    *("age_years", "sex", "view", "date", "offset_days", "country", "location"),
    *("survival", "icu", "intubated", "severity", "licence", "doi"),
)
PERMUTATIONS = 199
STRONGEST = 12  # fields that are listed by how much they tell of the class
MOST_REASONS = 20
# What selection made of the class, so that it is no field that others recorded.
OURS = ("split",)


def datasheet_facts(files: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a datasheet says of a cohort.

    Parameters
    ----------
    files : mapping of str to path or sequence of paths
        Results by name: cohort, metadata, rejected, excluded, flow, the provenance of the
        `sources`, and the `findings` (of networks and clusters) that are there.
    settings : mapping
        `study, title, seed`, and the `selection` as the config's `cohort` has it.

    Returns
    -------
    dict
        `study, title, selection, sources, software`; `images, patients, flow`; `classes` by
        source and split; `repeated`, how many images patients have; `table`, fields by class;
        `missing`, the share of images in which a field is missing; `exclusions` by reason;
        `single`, sentences on classes of one source; `told`, fields by how much they tell of the
        class; and `findings`, sentences of the study's results.
    """
    cohort, metadata = read_table(files["cohort"]), read_table(files["metadata"])
    classes = list(settings["selection"]["classes"])
    found, date = commit()
    return {
        "study": settings["study"],
        "title": settings["title"],
        "selection": settings["selection"],
        "sources": [read_json(path) for path in files["sources"]],
        "software": {"name": NAME, "commit": found, "date": date},
        "images": len(cohort),
        "patients": int(cohort["patient_id"].nunique()),
        "flow": read_json(files["flow"]),
        "classes": cohort_rows(cohort, classes),
        "repeated": images_of_patients(cohort["patient_id"]),
        "table": table_one(cohort, metadata),
        "missing": missing_shares(cohort, metadata),
        "exclusions": exclusions(read_csv(files["rejected"]), read_csv(files["excluded"])),
        "single": single_sources(cohort),
        "told": fields_and_class(cohort, metadata, settings["seed"]),
        "findings": findings(files["findings"]),
    }


def images_of_patients(patients: pd.Series) -> dict[str, int]:
    """Of how many patients there is more than one image, and the most images of one."""
    counts = patients.value_counts()
    return {"patients": int((counts > 1).sum()), "most": int(counts.max())}


def missing_shares(cohort: pd.DataFrame, metadata: pd.DataFrame) -> list[dict[str, Any]]:
    """Each field that may be missing, with the share of images that lack it, overall and by class.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class`.
    metadata : DataFrame
        The shared schema, with own fields.

    Returns
    -------
    list of dict
        `field, share`, and `by_class`, shares by name; those that are missing most first.
    """
    rows = metadata.set_index("image_id").reindex(cohort["image_id"]).reset_index(drop=True)
    classes = cohort["class"].astype("str").reset_index(drop=True)
    names = [name for name in (*MAY_BE_MISSING, *own_fields(rows.columns)) if name in rows]
    absent = rows[names].isna()
    by_class = absent.groupby(classes).mean()
    listed = [
        {
            "field": field_name(name),
            "share": float(absent[name].mean()),
            "by_class": {str(each): float(share) for each, share in by_class[name].items()},
        }
        for name in names
    ]
    return sorted(listed, key=lambda row: -row["share"])


def exclusions(rejected: pd.DataFrame, excluded: pd.DataFrame) -> list[dict[str, Any]]:
    """How many entries were left out for which reason, those of most entries first.

    Parameters
    ----------
    rejected, excluded : DataFrame
        `source, file, stage, reason`: what became no row, and rows outside the cohort.

    Returns
    -------
    list of dict
        `stage, source, reason, entries`; reasons beyond `MOST_REASONS` are one row.
    """
    both = pd.concat([rejected, excluded], ignore_index=True)
    counts = both.groupby(["stage", "source", "reason"]).size().sort_index()
    counts = counts.sort_values(ascending=False, kind="stable")
    rows = [
        {"stage": stage, "source": source, "reason": reason, "entries": int(n)}
        for (stage, source, reason), n in counts.iloc[:MOST_REASONS].items()
    ]
    rest = counts.iloc[MOST_REASONS:]
    if len(rest):
        reason = f"{len(rest)} other reasons"
        rows.append({"stage": "", "source": "", "reason": reason, "entries": int(rest.sum())})
    return rows


def fields_and_class(
    cohort: pd.DataFrame, metadata: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """The recorded fields by how much they tell of the class; none where there is one class.

    Returns
    -------
    list of dict
        `field, levels, effect, low, high, p`: bias-corrected Cramer's V with its 95% interval over
        patients, a missing value as a level, whole patients permuted; the `STRONGEST` fields.
    """
    codes = np.unique(cohort["class"].astype("str"), return_inverse=True)[1]
    fields = recorded_fields(metadata, cohort).drop(columns=list(OURS), errors="ignore")
    if len(set(codes)) < 2 or fields.empty:
        return []
    patients = cohort["patient_id"].to_numpy(dtype=np.str_)
    table = association_table(codes, patients, fields, PERMUTATIONS, seed)
    tested = table[(table["missing"] == MISSING_AS_LEVEL) & table["effect"].notna()]
    ordered = tested.sort_values(["effect", "field"], ascending=[False, True])[:STRONGEST]
    columns = ["levels", "effect", "low", "high", "p"]
    return [
        {"field": field_name(row["field"]), **{name: row[name] for name in columns}}
        for row in ordered.to_dict("records")
    ]


def findings(paths: Iterable[str | Path]) -> list[dict[str, str]]:
    """What the study found of each model, in its own words: `model, of, sentence`."""
    found = []
    for path in paths:
        document, name = read_json(path), PurePath(path)
        if "verdict" in document:
            verdict = document["verdict"]
            sentence = f"{verdict['verdict']}. {verdict['sentence']}"
            found.append({"model": name.stem, "of": "clusters", "sentence": sentence})
        else:
            model, sentence = name.parent.name, document["sentence"]
            found.append({"model": model, "of": "classes", "sentence": sentence})
    return found


def render_datasheet(facts: Mapping[str, Any]) -> str:
    """The datasheet as Markdown, in which text of the data is no markup."""
    environment = templates(HERE / "templates")
    environment.autoescape = False
    environment.filters["cell"] = markdown_cell
    return environment.get_template("datasheet.md").render(facts=facts, levels=_levels)


def _levels(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """The cells of a row of fields by class, as text."""
    return [
        cell["text"] if "text" in cell else f"{cell['n']} ({cell['share']:.0%})" for cell in cells
    ]
