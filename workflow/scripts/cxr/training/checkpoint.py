"""The state of a training, so that one that was killed goes on instead of beginning again."""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cxr.core.advice import machine_error
from cxr.core.io import atomic

log = logging.getLogger("cxr")


class Checkpoint:
    """A file that holds the state of one training after its last whole epoch.

    Parameters
    ----------
    path : Path
    *identity : object
        What the training depends on, as JSON values. A file of another training
        is not used.
    """

    def __init__(self, path: Path, *identity: object) -> None:
        self.path = path
        text = json.dumps([*identity, torch.__version__], sort_keys=True)
        self.key = hashlib.sha256(text.encode()).hexdigest()

    def load(self) -> dict[str, Any] | None:
        """The stored state, or None where there is none of this training."""
        if not self.path.is_file():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            if state["key"] == self.key:
                log.info("%s: the training goes on from there", self.path)
                return state
        except Exception as error:  # a damaged file may raise anything
            if machine_error(error) is not None:
                raise
            # It costs the epochs that it held.
            log.warning("%s: not a whole checkpoint (%s)", self.path, error)
        log.info("%s: of another training; this one starts from the beginning", self.path)
        return None

    def save(self, state: Mapping[str, Any]) -> None:
        """Replaces the stored state."""
        with atomic(self.path) as temporary:
            torch.save({**state, "key": self.key}, temporary)

    def remove(self) -> None:
        """Removes the file of a training that is finished."""
        self.path.unlink(missing_ok=True)


class CheckpointWriter:
    """Stores the states of a training in a thread beside it, and all of the last at the end.

    A state that is still waiting when the next one comes is left out. A context; what
    kept a state from being stored is raised by the next `put` or at the end.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        None stores nothing.
    """

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        self.checkpoint = checkpoint
        self.executor = ThreadPoolExecutor(1)
        self.lock = threading.Lock()
        self.waiting: dict[str, Any] | None = None
        self.busy = False
        self.writing: Future[None] | None = None

    def __enter__(self) -> "CheckpointWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.executor.shutdown()
        if self.writing is not None and error is None:
            self.writing.result()

    def put(self, state: Mapping[str, Any]) -> None:
        """Copies a state, to be stored; it may change afterwards."""
        if self.checkpoint is None:
            return
        if self.writing is not None and self.writing.done():
            self.writing.result()
        copied = copied_state(state)
        with self.lock:
            self.waiting = copied
            begin, self.busy = not self.busy, True
        if begin:
            self.writing = self.executor.submit(self._write)

    def _write(self) -> None:
        assert self.checkpoint is not None
        while True:
            with self.lock:
                state, self.waiting = self.waiting, None
                if state is None:
                    self.busy = False
                    return
            self.checkpoint.save(state)


def copied_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state with copies of its Tensors in the machine's memory."""
    return {key: _copied(item) for key, item in state.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        # Not to page-locked memory: a thread that frees that disturbs the recording of a graph.
        return value.detach().to("cpu", copy=True)
    if isinstance(value, Mapping):
        return copied_state(value)
    return type(value)(map(_copied, value)) if isinstance(value, list | tuple) else value


def random_state(rng: np.random.Generator, device: torch.device) -> dict[str, Any]:
    """The state of every generator that a training on a device draws from."""
    return {
        "numpy": json.dumps(rng.bit_generator.state),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if device.type == "cuda" else None,
    }


def restore_random_state(
    rng: np.random.Generator, state: Mapping[str, Any], device: torch.device
) -> None:
    """Puts the generators back where they were at `random_state`."""
    rng.bit_generator.state = json.loads(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"])
