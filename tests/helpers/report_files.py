"""Where the files are that a report shows."""

from cxr.figures.style import save, save_as
from cxr.report.inputs import INPUTS


def path_of(folder, name, model="net"):
    """Where one of the page's inputs is, in a folder where a study ran."""
    pattern = {file.name: file.path for file in INPUTS}[name]
    path = folder / pattern.format(study="s", model=model, source="source")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def save_figures(folder, figures, printed=False):
    """Writes the page's figures by name; as PDF as well if `printed`."""
    for name, fig in figures.items():
        (save if printed else save_as)(fig, path_of(folder, name))
