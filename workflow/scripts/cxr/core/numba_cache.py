"""Compiled functions whose cache sees every change of the code behind them.

Numba looks at the file of a function alone: a change in a function that it
calls, in another module, would go on running as it was. The cache therefore
lies in a folder named by the content of all modules with compiled functions,
and serves every copy of them that the user has.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import InTreeCacheLocator

from cxr.core.paths import PACKAGE
from cxr.core.user_cache import user_cache

Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> Path | None:
    """The folder for this content: in the user's cache, beside the modules, or None at all."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        if b"cxr.core.numba_cache import" in content:
            digest.update(
                f"{path.relative_to(PACKAGE).as_posix()}\0{len(content)}\0".encode() + content
            )
    for parent in (user_cache(), PACKAGE / "__pycache__"):
        folder = parent / f"numba-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


CACHE = cache_folder()
LOCATOR = f"{__name__}.ContentLocator"


class ContentLocator(InTreeCacheLocator):
    """Numba's locator of these functions: wherever the package lies, the same folder."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(CACHE)


def kernel(function: Function) -> Function:
    """Compiles a function at its first call and keeps the result."""
    return _compile(function)


def vector_kernel(function: Function) -> Function:
    """As `kernel`, for sums that the processor may take in any order.

    Nothing else is relaxed: infinities and NaN keep their meaning. The result
    is the same whenever it runs on the same kind of processor.
    """
    relaxed = {"reassoc", "contract", "arcp", "nsz"}
    return _compile(function, fastmath=relaxed, error_model="numpy")


def _compile(function: Function, **options: Any) -> Function:
    config: Any = numba.config
    others, config.CACHE_LOCATOR_CLASSES = config.CACHE_LOCATOR_CLASSES, LOCATOR
    try:
        return numba.njit(function, cache=CACHE is not None, nogil=True, **options)  # type: ignore[return-value]
    finally:
        config.CACHE_LOCATOR_CLASSES = others
