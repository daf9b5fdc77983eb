"""The HTML report: one page that needs nothing else."""

from cxr.report.builder import build

__all__ = ["build"]
