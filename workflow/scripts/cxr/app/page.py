"""The page: one file that asks for nothing, and whose policy allows no connection at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr.app.packing import packed
from cxr.core.markdown import markdown_cell
from cxr.report.rendering import HERE as REPORT
from cxr.report.rendering import source_hash, templates

HERE = Path(__file__).parent
# In the order in which they use one another; the first is the report's.
SHARED = ("data",)
SCRIPTS = (
    *("load", "resample", "reencode", "raster", "jpeg_deep", "dicom_bits", "dicom_grey"),
    *("dicom_colour", "dicom", "dicom_frames", "network", "assess", "results", "chart"),
    *("detail", "table", "queue", "start"),
)
# Metrics that model hubs have another name for.
HUB_METRICS = {"macro_f1": "f1"}
# What the programs are named by in the page: its decoders alike.
NAMES = {
    "jpeg2000/openjpegwasm_decode.js": "jpeg2000/decoder.js",
    "jpeg2000/openjpegwasm_decode.wasm": "jpeg2000/decoder.wasm",
    "jpeg_ls/charlswasm_decode.js": "jpeg_ls/decoder.js",
    "jpeg_ls/charlswasm_decode.wasm": "jpeg_ls/decoder.wasm",
}


def render_page(
    facts: Mapping[str, Any],
    document: Mapping[str, Any],
    onnx: bytes,
    runtime: Mapping[str, Path],
    provenance: Mapping[str, Any],
) -> str:
    """The page of one network.

    Parameters
    ----------
    facts : mapping
        As `cxr.app.facts.model_facts` makes them.
    document : mapping
        As `cxr.app.content.page_document` makes it, with the places of `cxr.app.separated`.
    onnx : bytes
        The network, its weights separated.
    runtime : mapping of str to Path
        Files as of `cxr.app.runtime.runtime_files`.
    provenance : mapping
        As `cxr.app.runtime.fetch_runtime` returns it.

    Returns
    -------
    str
        HTML whose content security policy allows its own script and style by their hashes,
        programs that it carries itself, and no request; `cxr.app.packing.write_page` stores it.
    """
    parts = {
        NAMES.get(name, name): path.read_bytes()
        for name, path in runtime.items()
        if path.name != "LICENSE"
    }
    parts |= {"model.onnx": onnx, "document": json.dumps(document).encode()}
    script, style = page_script(), page_style()
    licences = [
        (HERE / "licences.txt").read_text(encoding="utf-8"),
        *(path.read_text(encoding="utf-8") for path in runtime.values() if path.name == "LICENSE"),
    ]
    return (
        templates(HERE / "templates")
        .get_template("app.html")
        .render(
            facts=facts,
            model=document["model"],
            policy=policy(script, style),
            script=script,
            style=style,
            parts={name: packed(data) for name, data in parts.items()},
            packages=provenance["packages"],
            licences=licences,
        )
    )


def page_script() -> str:
    """The page's own program."""
    paths = [REPORT / "js" / f"{name}.js" for name in SHARED]
    paths += [HERE / "js" / f"{name}.js" for name in SCRIPTS]
    return "\n" + "\n".join(path.read_text(encoding="utf-8") for path in paths)


def page_style() -> str:
    """The report's colours and type, and what is the page's own."""
    paths = [REPORT / "css" / "report.css", HERE / "css" / "app.css"]
    return "\n" + "\n".join(path.read_text(encoding="utf-8") for path in paths)


def policy(script: str, style: str) -> str:
    """The content security policy.

    `blob:` are the programs that the page carries and unpacks itself; `wasm-unsafe-eval` lets
    WebAssembly be compiled, and nothing else.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{source_hash(script)}' blob: 'wasm-unsafe-eval'",
            f"style-src '{source_hash(style)}'",
            "img-src data: blob:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def render_card(facts: Mapping[str, Any]) -> str:
    """The model card as Markdown, with the metadata that model hubs read."""
    environment = templates(HERE / "templates")
    environment.autoescape = False
    environment.filters["cell"] = markdown_cell
    environment.filters["quoted"] = quoted
    environment.filters["hub_metric"] = hub_metric
    return environment.get_template("card.md").render(facts=facts) + "\n"


def hub_metric(name: str) -> str:
    """What model hubs name a metric."""
    return HUB_METRICS.get(name, name)


def quoted(text: Any) -> str:
    """Text of the data as a scalar of YAML."""
    return json.dumps(str(text), ensure_ascii=False)
