"""Where the library lies; nothing else counts folders."""

from pathlib import Path

PACKAGE = Path(__file__).absolute().parents[1]
SCRIPTS = PACKAGE.parent
ROOT = SCRIPTS.parents[1]

# Of the workflow engine, in the folder that it runs in, and what a run keeps about itself there.
ENGINE_STATE = Path(".snakemake")
STATE = ENGINE_STATE / "cxr"
