"""The numbers of the studies of 2020 beside ours: `python docs/reproduction.py FOLDER ...`.

Writes docs/reproduction.md from docs/reproduction.toml and docs/reproduction.json. Each folder is
of a finished study with its crate (`snakemake crate`), run on this machine with the config of
config/studies as it is: what it measured is stored in docs/reproduction.json first. Without
folders the page is written again.
"""

import argparse
import json
import os
import platform
import sys
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cxr.config.resolve import resolve
from cxr.core.errors import InputError
from cxr.core.io import read_csv, read_json, read_table, write_json, write_text
from cxr.core.markdown import markdown_cell
from cxr.core.paths import ROOT
from cxr.planning.public import public_config

DOCS = ROOT / "docs"
ROWS = tomllib.loads((DOCS / "reproduction.toml").read_text(encoding="utf-8"))["row"]
STORE, PAGE = DOCS / "reproduction.json", DOCS / "reproduction.md"
CRATE = "ro-crate-metadata.json"

HEAD = """# What the studies of 2020 published, and ours

The last column says where our number is from: from results, with commit, day and machine, or,
until results are given, from what a document states. [The studies of
2020](explanation/studies-2020.md) tells what became of each.

This page is written by a command, from results of studies that ran with their config as it is. For
each:

```
snakemake --cores all all crate --configfile config/studies/variants-2020.yaml
PYTHONPATH=workflow/scripts python docs/reproduction.py results/variants-2020
```

| study | number | published | ours | why they differ | ours is of |
| --- | --- | --- | --- | --- | --- |
"""


def interval(row: pd.Series, name: str, low: str, high: str) -> str:
    """A metric with its interval, as text."""
    return f"{row[name]:.3f} ({row[low]:.3f} to {row[high]:.3f})"


def selected(folder: Path, model: str) -> pd.Series:
    """The DBSCAN cell of t-SNE that the study selected."""
    ranking = read_table(folder / "ranking" / f"{model}.parquet")
    cells = ranking[(ranking["method"] == "tsne") & (ranking["algorithm"] == "dbscan")]
    return cells[cells["reliable"]].iloc[0]


def images(folder: Path, model: str) -> str:
    """How many images are clustered."""
    return str(len(read_table(folder / "clusters" / f"{model}.parquet")))


def clusters(folder: Path, model: str) -> str:
    """Clusters, their sizes and the outliers."""
    cell = selected(folder, model)
    sizes = ", ".join(str(int(size)) for size in cell["sizes"])
    return f"{cell['n_clusters']} ({sizes}; {cell['n_outliers']} outliers)"


def balance_score(folder: Path, model: str) -> str:
    """The balance score of the selected cell."""
    return str(selected(folder, model)["balance_score"])


def cell_settings(folder: Path, model: str) -> str:
    """Perplexity, eps and min_samples of the selected cell."""
    cell = selected(folder, model)
    return f"{cell['perplexity']:g}, {cell['eps']:.1f}, {cell['min_samples']}"


def significance(folder: Path, model: str) -> str:
    """The verdict, and how often null simulations reach as much."""
    evidence = read_json(folder / "evidence" / f"{model}.json")
    primary = next(each for each in evidence["nulls"].values() if each["role"] == "primary")
    reached = f"{primary['consensus']['reached']} of {primary['replicates']} null simulations"
    return f"as consistent in {reached} (p = {primary['p']:.2f}): {evidence['verdict']['verdict']}"


def accuracy(folder: Path, model: str, protocol: str) -> str:
    """The accuracy of a network under a protocol."""
    table = read_csv(folder / "comparison.csv").set_index(["protocol", "name"])
    return interval(table.loc[(protocol, model)], "accuracy", "accuracy_low", "accuracy_high")


def tags(folder: Path, model: str, protocol: str, metric: str) -> str:
    """A metric of the tags of a network under a protocol."""
    table = read_csv(folder / "tag_comparison.csv").set_index(["protocol", "name"])
    return interval(table.loc[(protocol, model)], metric, f"{metric}_low", f"{metric}_high")


def classifier(folder: Path, name: str) -> str:
    """The accuracy of a classifier of metadata under patient-grouped folds."""
    table = read_csv(folder / "analysis" / "classifiers.csv").set_index(["protocol", "classifier"])
    return interval(table.loc[("grouped", name)], "accuracy", "low", "high")


MEASURES = {
    "accuracy": accuracy,
    "balance_score": balance_score,
    "cell": cell_settings,
    "classifier": classifier,
    "clusters": clusters,
    "images": images,
    "significance": significance,
    "tags": tags,
}


def machine() -> str:
    """The class of this machine, where the command and the studies run."""
    import torch

    vectors = torch.backends.cpu.get_cpu_capability()
    return f"{os.cpu_count()} cores, {platform.machine()}, {vectors}"


def require_config(folder: Path) -> str:
    """The study of a folder of results, whose config must be that of config/studies."""
    path = folder / "provenance" / "config.json"
    if not path.is_file():
        raise InputError(f"{path}: no such file; run snakemake crate with this study first")
    used = read_json(path)
    file = ROOT / "config" / "studies" / f"{used['study']}.yaml"
    if not any(row["study"] == used["study"] for row in ROWS):
        raise InputError(f"{folder}: docs/reproduction.toml has no row of {used['study']}")
    wanted = public_config(resolve(yaml.safe_load(file.read_text(encoding="utf-8"))))
    wanted = json.loads(json.dumps(wanted))
    changed = sorted(key for key in wanted.keys() | used if wanted.get(key) != used.get(key))
    if changed:
        raise InputError(
            f"{folder}: these keys are not those of {file.name}: {', '.join(changed)}; run it"
        )
    return used["study"]


def measured(folder: Path) -> dict[str, Any]:
    """What a study measured: values by quantity, with its commit, day and machine."""
    study = require_config(folder)
    graph = {entity["@id"]: entity for entity in read_json(folder / CRATE)["@graph"]}
    values = {
        row["quantity"]: MEASURES[row["measure"][0]](folder, *row["measure"][1:])
        for row in ROWS
        if row["study"] == study
    }
    return {
        "commit": graph["provenance/Snakefile"].get("version", "unknown"),
        "day": graph["#run"]["endTime"][:10],
        "machine": machine(),
        "values": values,
    }


def page(store: dict[str, Any]) -> str:
    """The page: every row with ours from results, else what a document states, else nothing yet."""
    lines = []
    for row in ROWS:
        found = store.get(row["study"])
        if found is not None:
            ours = found["values"][row["quantity"]]
            origin = f"results of commit {found['commit'][:7]}, {found['day']}, {found['machine']}"
        elif "stated" in row:
            ours = row.get("words", row["stated"])
            path = os.path.relpath(ROOT / row["document"], DOCS)
            origin = f"[what is stated]({path}#{row['anchor']})"
        else:
            ours, origin = "", "not given"
        cells = [f"`{row['study']}`", row["quantity"], row["published"], ours, row["why"]]
        cells = [cells[0], *map(markdown_cell, cells[1:]), origin]
        lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Stores what the folders measured, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="results/STUDY")
    folders = parser.parse_args().folders
    store = read_json(STORE)
    try:
        for folder in folders:
            store[require_config(folder)] = measured(folder)
    except (InputError, OSError, KeyError) as problem:
        sys.exit(f"error: {problem}")
    write_json(store, STORE)
    write_text(page(store), PAGE)


if __name__ == "__main__":
    main()
