"""Each job's settings: the parts of the config that it uses and nothing else."""

from collections.abc import Mapping
from typing import Any


def select_settings(
    study: Mapping[str, Any], paths: Mapping[str, Any], wildcards: Mapping[str, str]
) -> Any:
    """A job's settings: the named parts of the config and nothing else.

    Parameters
    ----------
    study : mapping
        The resolved config.
    paths : mapping
        For each setting its dotted path in the config, or a mapping of such
        paths; `{model}` in a path is filled from the wildcards.
    wildcards : mapping

    Returns
    -------
    dict
    """
    selected: dict[str, Any] = {}
    for name, path in sorted(paths.items()):
        if isinstance(path, Mapping):
            selected[name] = select_settings(study, path, wildcards)
            continue
        value: Any = study
        for part in path.split("."):
            value = value[part.format(**wildcards)]
        selected[name] = value
    return selected
