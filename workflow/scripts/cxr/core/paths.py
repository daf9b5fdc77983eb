"""Where the library lies; nothing else counts folders."""

from pathlib import Path

PACKAGE = Path(__file__).absolute().parents[1]
SCRIPTS = PACKAGE.parent
ROOT = SCRIPTS.parents[1]

# What a run keeps about itself in the folder that it runs in.
STATE = Path(".snakemake") / "cxr"
