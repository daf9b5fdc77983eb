"""Where the library lies; nothing else counts folders."""

from pathlib import Path

PACKAGE = Path(__file__).absolute().parents[1]
SCRIPTS = PACKAGE.parent
ROOT = SCRIPTS.parents[1]
