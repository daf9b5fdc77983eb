"""The state of a training, so that one that was killed goes on instead of beginning again."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

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


def random_state(rng: np.random.Generator) -> dict[str, Any]:
    """The state of every generator that a training draws from."""
    return {
        "numpy": json.dumps(rng.bit_generator.state),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(rng: np.random.Generator, state: Mapping[str, Any]) -> None:
    """Puts the generators back where they were at `random_state`."""
    rng.bit_generator.state = json.loads(state["numpy"])
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
