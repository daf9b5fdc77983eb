"""ImageNet weights: from a mirror, or by torchvision's own download."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256
from cxr.core.io import atomic
from cxr.core.state_dict import read_state_dict

LICENCE = "BSD 3-Clause (torchvision); trained on ImageNet, whose terms forbid commercial use"
SUFFIXES = (".safetensors", ".pth")


def obtain_weights(
    architecture: str, destination: Path, mirror: str | Path | None
) -> dict[str, Any]:
    """Writes an architecture's ImageNet weights to `destination`.

    Parameters
    ----------
    architecture : str
        A torchvision model.
    destination : Path
        The .pth file to write: a state dict without other objects.
    mirror : path or None
        Where it is given, `<mirror>/weights/<architecture>-imagenet*` is used
        and nothing is downloaded.

    Returns
    -------
    dict
        Provenance: name, origin, url, licence, bytes, sha256, time.

    Raises
    ------
    InputError
        If the mirror has no such file, or the download fails.
    """
    import torch

    if mirror is not None:
        files = sorted((Path(mirror) / "weights").glob(f"{architecture}-imagenet*"))
        files = [path for path in files if path.suffix in SUFFIXES]
        if not files:
            raise InputError(
                f"mirror {mirror}: no file weights/{architecture}-imagenet*.pth; add one as "
                f"torchvision saves it, or set the model's weights to `none`"
            )
        origin, url = f"local mirror: {files[0].name}", None
        state = read_state_dict(files[0])
    else:
        import torchvision

        enum = torchvision.models.get_model_weights(architecture).DEFAULT
        origin, url = "torchvision", enum.url
        folder = destination.with_suffix(".partial")
        try:
            state = enum.get_state_dict(progress=False, check_hash=True, model_dir=str(folder))
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{url}: the weights can't be downloaded ({error}); check the network, or give a "
                f"mirror with weights/{architecture}-imagenet.pth"
            ) from error
        shutil.rmtree(folder, ignore_errors=True)
    with atomic(destination) as temporary:
        torch.save(dict(sorted(state.items())), temporary)
    return {
        "name": f"{architecture}, ImageNet",
        "origin": origin,
        "url": url,
        "licence": LICENCE,
        "bytes": destination.stat().st_size,
        "sha256": file_sha256(destination),
        "obtained": datetime.now(UTC).isoformat(timespec="seconds"),
    }
