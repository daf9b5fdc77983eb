"""Tables as pages of their own."""

import pandas as pd

from cxr.report.rendering import render


def tabulate(table: pd.DataFrame, name: str, file: str) -> str:
    """A table as a page of its own, its text as it stands.

    Parameters
    ----------
    table : DataFrame
    name, file : str
        What the page is called, and the file that the table is from.
    """
    shown = table.astype("object").where(table.notna(), "")
    rows = shown.to_numpy().tolist()
    return render("table.html", title=name, file=file, columns=list(table.columns), rows=rows)
