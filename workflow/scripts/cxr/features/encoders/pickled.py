"""Weights in pickled networks, without running code from them.

torchxrayvision publishes whole networks as pickles. Here nothing of a pickle is built but tensors,
containers, and records in place of a network's modules: their classes are known by name alone.
"""

import pickle
import tarfile
import types
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

from torch import Tensor

from cxr.core.errors import InputError
from cxr.core.state_dict import read_state_dict, reading_weights
from cxr.core.zip_bounds import require_stored

ZIP = b"PK\x03\x04"
# torch's number at the start of its files of before 1.6, pickled.
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
DEEPEST = 50  # modules inside of one another


class Record:
    """A module of a pickled network: its attributes, and no code."""

    dump_patches = False  # torch asks modules of old files, whose source is another one

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("a module without a dictionary of attributes")
        self.__dict__["attributes"] = state


# The modules of torchxrayvision's DenseNet, as it and older versions name them.
MODULES = {
    "torchxrayvision.models": ("DenseNet", "_DenseBlock", "_DenseLayer", "_Transition"),
    "torch.nn.modules.activation": ("ReLU",),
    "torch.nn.modules.batchnorm": ("BatchNorm2d",),
    "torch.nn.modules.container": ("Sequential",),
    "torch.nn.modules.conv": ("Conv2d",),
    "torch.nn.modules.linear": ("Linear",),
    "torch.nn.modules.pooling": ("AvgPool2d", "MaxPool2d"),
}
# torch's types of storages that weights may have.
STORAGES = {
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
}


class _Storage:
    """In place of a class of storages, of which torch asks the type of the numbers alone."""

    def __init__(self, dtype: str) -> None:
        import torch

        self.dtype = getattr(torch, dtype)


class _Tensor:
    """In place of the function that makes a tensor: a pickle may set a function's attributes."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Tensor:
        import torch

        return torch._utils._rebuild_tensor_v2(*arguments)


class _Parameter:
    """In place of the function that makes a parameter, of which the tensor is enough."""

    __slots__ = ()

    def __call__(self, data: Tensor, requires_grad: bool, hooks: object) -> Tensor:
        return data


REBUILD = {"_rebuild_tensor_v2": _Tensor, "_rebuild_parameter": _Parameter}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module in ("builtins", "__builtin__") and name == "set":
            return set
        if module == "torch._utils" and name in REBUILD:
            return REBUILD[name]()
        if module == "torch" and name in STORAGES:
            return _Storage(STORAGES[name])
        if name in MODULES.get(module, ()):
            return Record
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _load(stream: IO[bytes], **options: Any) -> Any:
    return _Unpickler(stream, **options).load()


def read_pickled(path: Path) -> dict[str, Tensor]:
    """The weights in a file of torchxrayvision: of a pickled network, or a state dict.

    Parameters
    ----------
    path : Path
        A file of torch of either format, or .safetensors.

    Raises
    ------
    InputError
        If it is damaged, or names anything but the few classes that such a network has.
    OSError
        If the machine refuses to read it.
    """
    if path.suffix == ".safetensors":
        return read_state_dict(path)
    rest = (
        "; it was cut short, or holds other things, which are not run: obtain it again from where "
        "it is published"
    )
    with reading_weights(path, "a network of torchxrayvision", rest):
        _require_plain(path)
        loaded = _load_file(path)
        state = _weights_of(loaded) if isinstance(loaded, Record) else loaded
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise InputError(f"{path}: no network and no state dict; give one of torchxrayvision's")
    return dict(state)


def _require_plain(path: Path) -> None:
    """Raises if torch would read a file by other means than the unpickler."""
    with path.open("rb") as stream:
        begin = stream.read(len(LEGACY))
    if begin.startswith(ZIP):
        require_stored(path)
        with zipfile.ZipFile(path) as archive:
            if any(Path(name).name == "constants.pkl" for name in archive.namelist()):
                raise pickle.UnpicklingError("it is a TorchScript program")
    elif begin != LEGACY or tarfile.is_tarfile(path):
        raise pickle.UnpicklingError("not a file of torch")


def _load_file(path: Path) -> Any:
    import torch

    module = types.SimpleNamespace(Unpickler=_Unpickler, load=_load, __name__="restricted")
    with warnings.catch_warnings():  # of the source of modules, which is not used
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", pickle_module=module, weights_only=False)


def _weights_of(record: Record, depth: int = 0) -> dict[str, Tensor]:
    """The state dict of a network's records."""
    if depth > DEEPEST:
        raise pickle.UnpicklingError("modules without end")
    attributes = vars(record).get("attributes", {})
    state: dict[str, Tensor] = {}
    for kind in ("_parameters", "_buffers"):
        values = _mapping(attributes, kind)
        state |= {name: value for name, value in values.items() if value is not None}
    for name, inner in _mapping(attributes, "_modules").items():
        if not isinstance(inner, Record):
            raise pickle.UnpicklingError(f"{name} is no module")
        below = _weights_of(inner, depth + 1)
        state |= {f"{name}.{key}": value for key, value in below.items()}
    return state


def _mapping(attributes: dict[str, Any], kind: str) -> dict[str, Any]:
    values = attributes.get(kind, {})
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise pickle.UnpicklingError(f"{kind} is no mapping of names")
    return values
