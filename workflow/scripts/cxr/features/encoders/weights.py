"""The files of an encoder: downloaded by its library's own client, or linked from this machine."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256
from cxr.core.io import require_writable
from cxr.download.http import download
from cxr.features.encoders.hub import WEBSITE, fetch_files, find_model
from cxr.features.encoders.layouts import XRV_SUFFIXES, files_of_encoder
from cxr.features.encoders.packages import require_package, versions_of

# What is known of models whose files name no citation; the longest start of a name counts.
CITATIONS = {
    "densenet121-res224": 'J. P. Cohen et al., "TorchXRayVision: A library of chest X-ray datasets '
    'and models", MIDL, 2022',
    "resnet50-res512": 'J. P. Cohen et al., "TorchXRayVision: A library of chest X-ray datasets '
    'and models", MIDL, 2022',
    "facebook/dinov2": 'M. Oquab et al., "DINOv2: Learning robust visual features without '
    'supervision", TMLR, 2024',
    "google/medsiglip": 'A. Sellergren et al., "MedGemma technical report", arXiv:2507.05201, 2025',
    "microsoft/biomedclip": 'S. Zhang et al., "A multimodal biomedical foundation model trained '
    'from fifteen million image-text pairs", NEJM AI, 2025',
    "microsoft/rad-dino": 'F. Pérez-García et al., "Exploring scalable medical image encoders '
    'beyond text supervision", Nature Machine Intelligence, 2025',
}
XRV_LICENCE = "Apache-2.0 (torchxrayvision)"


def download_encoder(
    settings: Mapping[str, Any], folder: Path, mirror_folder: Path | None
) -> dict[str, Any]:
    """Puts the files of an encoder into `folder`, in the layout that its library saves.

    Code among them is left where it is.

    Parameters
    ----------
    settings : mapping
        As of `cxr.config.encoders.Encoder`.
    folder : Path
        Replaced whole once all files are there; what an interrupted download has brought is kept
        beside it for the next try.
    mirror_folder : path or None
        A folder with the files; where it is given nothing is downloaded. They are linked, as
        those at `path` are.

    Returns
    -------
    dict
        Provenance: library, model, revision, origin, url, licence, citation, `files` with the
        SHA-256 of each, bytes, versions, time.

    Raises
    ------
    InputError
        If a library or file is missing, a file is not what the hub says it is, or the hub refuses.
    """
    library = settings["library"]
    require_package(library)
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    require_writable(partial)
    local = Path(settings["path"]) if settings["path"] is not None else mirror_folder
    if local is not None:
        known = _link(library, local, partial, _own_file(settings))
    elif library == "torchxrayvision":
        known = _from_torchxrayvision(settings, partial)
    else:
        known = _from_hub(settings, partial)
    files = known.pop("names")
    _keep_only(partial, files)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    paths = [folder / name for name in files]
    # A whole path names the user, and stands on the page.
    model = settings["model"] or Path(settings["path"]).name
    return {
        "library": library,
        "model": model,
        "revision": known.pop("revision", settings["revision"]),
        **known,
        "licence": settings["licence"] or known.get("licence", ""),
        "citation": settings["citation"] or _citation(model),
        "files": {path.name: file_sha256(path) for path in paths},
        "bytes": sum(path.stat().st_size for path in paths),
        "versions": versions_of(library),
        "obtained": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _citation(model: str) -> str:
    found = [start for start in CITATIONS if model.casefold().startswith(start)]
    return CITATIONS[max(found, key=len)] if found else ""


def _link(library: str, place: Path, partial: Path, own_file: str | None) -> dict[str, Any]:
    """Links to the files of a folder on this machine, or to the one file of torchxrayvision."""
    if library == "torchxrayvision" and place.suffix in XRV_SUFFIXES and place.is_file():
        place, names = place.parent, [place.name]
    elif not place.is_dir():
        raise InputError(
            f"{place}: no such folder; put the files of the encoder there, as {library} saves them"
        )
    else:
        held = [path.name for path in place.iterdir() if path.is_file()]
        names = files_of_encoder(library, held, str(place), own_file)
    for name in names:
        target = partial / name
        target.unlink(missing_ok=True)
        target.symlink_to((place / name).absolute())
    return {"names": names, "origin": f"this machine, {place.name}", "url": None}


def _from_torchxrayvision(settings: Mapping[str, Any], partial: Path) -> dict[str, Any]:
    models = require_package("torchxrayvision").models
    url = models.model_urls[settings["model"]]["weights_url"]
    name = url.rpartition("/")[2]
    download([url], settings.get("sha256"), partial).rename(partial / name)
    known = {"origin": "torchxrayvision", "url": url, "licence": XRV_LICENCE}
    return {"names": [name], **known}


def _from_hub(settings: Mapping[str, Any], partial: Path) -> dict[str, Any]:
    name = _name_on_hub(settings)
    model = find_model(name, settings["revision"])
    place = f"{name} at {model.revision[:12]}"
    names = files_of_encoder(settings["library"], model.checksums, place, _own_file(settings))
    fetch_files(model, names, partial)
    return {
        "names": names,
        "revision": model.revision,
        "origin": "Hugging Face hub",
        "url": f"{WEBSITE}/{name}/tree/{model.revision}",
        "licence": model.licence,
    }


def _name_on_hub(settings: Mapping[str, Any]) -> str:
    """`owner/name` of a model, of timm's own by its registry.

    Raises
    ------
    InputError
        If timm knows no such model, or no weights of it on the hub.
    """
    name = str(settings["model"])
    if "/" in name:
        return name
    config = _of_timm(name)
    found = str(getattr(config, "hf_hub_id", None) or "")
    if not found:
        raise InputError(
            f"timm has no weights of {name} on the hub; name one of its models with weights, as "
            f"vit_small_patch14_dinov2.lvd142m"
        )
    return found


def _own_file(settings: Mapping[str, Any]) -> str | None:
    """The name of the file of weights, where timm's registry has one of its own."""
    name = settings["model"]
    if settings["library"] != "timm" or name is None or "/" in name:
        return None
    return getattr(_of_timm(name), "hf_hub_filename", None)


def _of_timm(name: str) -> Any:
    """What timm's registry says of the weights of a model."""
    timm = require_package("timm")
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.partition('.')[0][:12]}*")[:3]
        hint = f"; near are {', '.join(near)}" if near else ""
        raise InputError(f"timm {timm.__version__} has no model {name}{hint}")
    known = timm.models.get_arch_pretrained_cfgs(name)
    if "." in name and name not in known:
        raise InputError(f"timm has no weights {name}; it has {', '.join(sorted(known)) or 'none'}")
    return timm.get_pretrained_cfg(name)


def _keep_only(folder: Path, names: list[str]) -> None:
    """Removes what a client left beside the files."""
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
