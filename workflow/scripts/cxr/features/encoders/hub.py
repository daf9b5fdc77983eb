"""Files of a model on the Hugging Face hub, by its own client; code among them is left there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr.core.advice import machine_error
from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256
from cxr.features.encoders.packages import reason_of, require_package

WEBSITE = "https://huggingface.co"


@dataclass(frozen=True)
class HubModel:
    """A model at one commit.

    Attributes
    ----------
    name : str
        `owner/name`.
    revision : str
        Full commit id.
    checksums : mapping
        The SHA-256 of each file, None where the hub states none (small texts).
    licence : str
        As its page states it; empty where that says nothing.
    """

    name: str
    revision: str
    checksums: dict[str, str | None]
    licence: str


def find_model(name: str, revision: str | None) -> HubModel:
    """What the hub says of a model at a revision, the newest where that is None.

    Raises
    ------
    InputError
        If it has no such model or revision, or can't be reached.
    """
    with _talking_of(name, revision):
        info = _client().model_info(name, revision=revision, files_metadata=True)
        card: Any = info.card_data or {}
        licence = " ".join(str(card.get(key) or "") for key in ("license_name", "license")).split()
        checksums = {
            file.rfilename: file.lfs.sha256 if file.lfs is not None else None
            for file in info.siblings or []
        }
        return HubModel(name, str(info.sha), checksums, licence[0] if licence else "")


def fetch_files(model: HubModel, files: list[str], folder: Path) -> None:
    """Downloads files of a model into a folder, which keeps what is there for the next try.

    Raises
    ------
    InputError
        If the model is gated, a transfer fails, or a file is not what the hub says it is.
    """
    for name in files:
        with _talking_of(model.name, model.revision):
            _client().hf_hub_download(
                model.name, name, revision=model.revision, local_dir=folder, cache_dir=folder
            )
        expected = model.checksums[name]
        if expected is not None and file_sha256(folder / name) != expected:
            (folder / name).unlink()
            raise InputError(
                f"{model.name}: {name} came damaged (its SHA-256 is not the hub's {expected}); "
                f"run again to download it again"
            )


def _client() -> Any:
    return require_package("huggingface_hub").HfApi(endpoint=os.environ.get("HF_ENDPOINT"))


@contextmanager
def _talking_of(name: str, revision: str | None) -> Iterator[None]:
    """Turns the hub's refusals into a line each."""
    errors = require_package("huggingface_hub").errors
    try:
        yield
    except errors.GatedRepoError as error:
        raise InputError(
            f"{name} is gated: accept its terms at {WEBSITE}/{name}, then log in with `hf auth "
            f"login` or set HF_TOKEN, and run again"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise InputError(
            f"{name} has no revision {revision}; give the full commit id that its page lists "
            f"under Files and versions"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"the hub has no model {name}, or a private one; check the name, or log in with `hf "
            f"auth login` where it is yours"
        ) from error
    except (InputError, MemoryError):
        raise
    except Exception as error:
        refused = isinstance(error, errors.HfHubHTTPError)
        if not refused and machine_error(error) is not None:
            raise
        raise InputError(
            f"{name} can't be downloaded ({reason_of(error)}); check the network, or give a "
            f"mirror with its files in weights/<name of the encoder>/"
        ) from error
