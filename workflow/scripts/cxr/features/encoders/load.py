"""An encoder from its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr.features.encoders.loaded import LoadedEncoder
from cxr.features.encoders.packages import require_package
from cxr.features.encoders.timm_models import load_timm
from cxr.features.encoders.torchxrayvision_models import load_torchxrayvision
from cxr.features.encoders.transformers_models import load_transformers

__all__ = ["LoadedEncoder", "load_encoder"]

LOADERS = {
    "timm": load_timm,
    "torchxrayvision": load_torchxrayvision,
    "transformers": load_transformers,
}


def load_encoder(settings: Mapping[str, Any], folder: Path) -> LoadedEncoder:
    """The encoder whose files `download_encoder` put into a folder.

    No code of the files is run: weights are safetensors or tensors alone, and classes those of
    the installed library.

    Parameters
    ----------
    settings : mapping
        As of `cxr.config.encoders.Encoder`.
    folder : Path

    Raises
    ------
    InputError
        If the library is missing, the files are damaged, hold other things than such an encoder,
        or it has no pooled output.
    """
    require_package(settings["library"])
    return LOADERS[settings["library"]](settings, folder)
