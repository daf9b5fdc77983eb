"""Weights from files, without running code from them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from cxr.core.advice import machine_error
from cxr.core.errors import DamagedFile, InputError
from cxr.core.zip_bounds import require_stored


@contextmanager
def reading_weights(path: Path, what: str, rest: str) -> Iterator[None]:
    """What can't be read ends in one line: the file is not `what`, why, and the rest of the line.

    Raises
    ------
    DamagedFile
        If reading fails for what the file holds.
    OSError
        If it fails for the machine.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if machine_error(error) is not None:
            raise
        reason = " ".join(str(error).split())[:120]
        raise DamagedFile(f"{path}: not {what} ({reason}){rest}", path) from error


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """A state dict from a .safetensors or .pth file; pickled code is never run.

    Raises
    ------
    InputError
        If the file is no state dict, holds more than tensors, or is compressed.
    OSError
        If it is missing or the machine refuses to read it: it may be whole.
    """
    Path(path).stat()
    kinds = ", as a state dict in .safetensors, or in .pth without other objects, is"
    with reading_weights(Path(path), "a file of weights alone", kinds):
        if Path(path).suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        require_stored(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise InputError(f"{path}: no state dict; give a mapping of names to tensors")
    return state
