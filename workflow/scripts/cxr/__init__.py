"""The library under the workflow: pure functions and small dataclasses, no word of Snakemake."""
