"""Which files make an encoder, in the layouts that the libraries save. None of them is code."""

import re
from collections.abc import Collection

from cxr.core.errors import InputError
from cxr.features.encoders.open_clip_models import OPEN_CLIP

CONFIG = "config.json"
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
# The best first: each a file, or the list of its parts with the names that these have.
WEIGHTS = (
    ("model.safetensors", None),
    ("model.safetensors.index.json", r"model-\d{5}-of-\d{5}\.safetensors"),
    ("pytorch_model.bin", None),
    ("pytorch_model.bin.index.json", r"pytorch_model-\d{5}-of-\d{5}\.bin"),
    ("open_clip_model.safetensors", None),
    ("open_clip_pytorch_model.bin", None),
)
XRV_SUFFIXES = (".pt", ".pth", ".safetensors")
TEXTS = re.compile(r"(README|LICEN[SC]E|NOTICE)(\.md|\.txt)?", re.IGNORECASE)


def files_of_encoder(
    library: str, names: Collection[str], place: str, weights: str | None = None
) -> list[str]:
    """The files of an encoder among those of a folder or repository, sorted.

    Parameters
    ----------
    library : str
        `transformers`, `timm` or `torchxrayvision`.
    names : collection of str
        What the folder holds itself.
    place : str
        For the message.
    weights : str, optional
        The file of weights, where the library says that it has a name of its own.

    Raises
    ------
    InputError
        If a file is missing.
    """
    texts = [name for name in names if TEXTS.fullmatch(name)]
    if library == "torchxrayvision":
        found = [name for name in names if name.endswith(XRV_SUFFIXES)]
        if len(found) != 1:
            raise InputError(
                f"{place}: {len(found)} files of weights ({', '.join(XRV_SUFFIXES)}); give it the "
                f"one that torchxrayvision downloads"
            )
        return sorted(found + texts)
    chosen = [weights] if weights in names and weights is not None else _weights(names)
    if not chosen:
        raise InputError(
            f"{place}: no weights as {library} saves them (model.safetensors, "
            f"pytorch_model.bin); name a model that has them"
        )
    others = [name for name in (CONFIG, OPEN_CLIP, *PROCESSORS) if name in names]
    if library == "transformers" and not set(others) & set(PROCESSORS):
        raise InputError(
            f"{place}: no preprocessor_config.json, which says how images are prepared; name a "
            f"model that has one, or save its processor beside it"
        )
    if library == "transformers" and CONFIG not in others:
        raise InputError(f"{place}: no {CONFIG}; it is no model of transformers, name another")
    return sorted({*chosen, *others, *texts})


def _weights(names: Collection[str]) -> list[str]:
    for name, parts in WEIGHTS:
        if name in names:
            pattern = re.compile(parts or r"(?!)")
            return [name, *(part for part in names if pattern.fullmatch(part))]
    return []
