"""Each job's settings: the parts of the config that it uses and nothing else."""

from collections.abc import Mapping
from typing import Any


def backbone_names(
    similarity: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The network with ImageNet weights that is searched beside each model, where there is one.

    Parameters
    ----------
    similarity, models : mapping
        The config's.
    """
    wanted = similarity["space"] == "backbone" or "imagenet" in similarity["baselines"]
    own = {n: m["architecture"] if m["weights"] == "imagenet" else None for n, m in models.items()}
    named = {name: similarity["backbone"] or architecture for name, architecture in own.items()}
    return {name: found for name, found in named.items() if found and wanted}


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
    picked: dict[str, Any] = {}
    for name, path in sorted(paths.items()):
        if isinstance(path, Mapping):
            picked[name] = select_settings(study, path, wildcards)
            continue
        value: Any = study
        for part in path.split("."):
            value = value[part.format(**wildcards)]
        picked[name] = value
    return picked
