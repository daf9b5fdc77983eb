"""What a run began with: its study and its code, which all of its jobs keep to.

Jobs on a cluster read the config and the rules again when they start, hours
after the run began. What was edited meanwhile would be used, and recorded as
what the run began with. So the run leaves a snapshot that its jobs find
through an environment variable, which schedulers hand on.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr.core.io import read_json, write_json
from cxr.core.paths import STATE

VARIABLE = "CXR_SNAPSHOT"


@dataclass(frozen=True)
class Snapshot:
    """What a run began with.

    Attributes
    ----------
    study : mapping
        The resolved config.
    code : mapping of str to str
        The fingerprint of each rule's script.
    """

    study: dict[str, Any]
    code: dict[str, str]


def save_snapshot(study: Mapping[str, Any], code: Mapping[str, str]) -> None:
    """Leaves a snapshot for the jobs that this process starts."""
    document = {"study": study, "code": code}
    name = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:20]
    path = (STATE / f"{name}.json").absolute()
    write_json(document, path)
    os.environ[VARIABLE] = str(path)


def current_snapshot() -> Snapshot | None:
    """The snapshot of the run that this process is a job of, None where it is no job."""
    path = os.environ.get(VARIABLE)
    if not path or not Path(path).is_file():
        return None
    return Snapshot(**read_json(path))
