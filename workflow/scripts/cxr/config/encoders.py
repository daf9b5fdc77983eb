"""Published encoders whose features are clustered beside those of networks trained here."""

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cxr.config.base import Location, Section

# The networks of torchxrayvision that have features, as it names them.
TORCHXRAYVISION = (
    "densenet121-res224-all",
    "densenet121-res224-chex",
    "densenet121-res224-mimic_ch",
    "densenet121-res224-mimic_nb",
    "densenet121-res224-nih",
    "densenet121-res224-pc",
    "densenet121-res224-rsna",
    "resnet50-res512-all",
)
HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
TIMM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Encoder(Section):
    """A published network whose outputs are clustered; it is not trained."""

    library: Literal["transformers", "timm", "torchxrayvision"] = Field(
        description="The library that runs it, and whose preprocessing and layout of files it has."
    )
    model: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None,
        description="Its name: `owner/name` on the Hugging Face hub (transformers, timm), or the "
        "library's own (timm, torchxrayvision).",
    )
    path: Location | None = Field(
        default=None,
        description="In place of `model`, a folder on this machine with its files as the library "
        "saves them.",
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None,
        description="Full commit id of the model on the hub; needed where `model` is `owner/name`.",
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="Checksum of the file of a model of torchxrayvision, which states none; null "
        "to record that of the first download.",
    )
    pooling: Literal["pooler", "cls", "mean"] | None = Field(
        default=None,
        description="What of its output is the feature: the library's pooled output, the class "
        "token, or the mean over the patches; null for the library's own (the pooled output, of a "
        "network with texts that of its images).",
    )
    batch_size: int = Field(default=32, ge=1, le=4096, description="Images at once.")
    chunks: int = Field(
        default=8,
        ge=1,
        le=1000,
        description="Jobs that the images are divided among; a run that was interrupted goes on "
        "with those that are missing. Another number rounds some features in another order.",
    )
    licence: str = Field(
        default="",
        description="Licence of the weights; empty for what their files or the library say.",
    )
    citation: str = Field(
        default="", description="How to cite it; empty for what is known of the model."
    )

    @model_validator(mode="after")
    def _is_one_model(self) -> "Encoder":
        problem = self._problem()
        if problem is not None:
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        is_xrv = self.library == "torchxrayvision"
        if self.sha256 is not None and (not is_xrv or self.model is None):
            return "sha256 is for models of torchxrayvision; the hub states its own, leave it out"
        if is_xrv and self.pooling in ("cls", "mean"):
            return "torchxrayvision's models have no tokens to pool; leave pooling out"
        if self.model is None or self.path is not None:
            return self._problem_of_path()
        if is_xrv:
            return self._problem_of_torchxrayvision(self.model)
        return self._problem_of_name(self.library, self.model)

    def _problem_of_path(self) -> str | None:
        if self.model is not None:
            return "both model and path are given; leave one of them out"
        if self.path is None:
            return "neither model nor path is given; name the model, or the folder that has it"
        return None if self.revision is None else "path has no revision; leave revision out"

    def _problem_of_torchxrayvision(self, model: str) -> str | None:
        if model not in TORCHXRAYVISION:
            return f"{model} is no model of torchxrayvision; use {', '.join(TORCHXRAYVISION)}"
        if self.revision is not None:
            return "torchxrayvision's models have no revisions; leave revision out"
        return None

    def _problem_of_name(self, library: str, model: str) -> str | None:
        on_hub = HUB_NAME.fullmatch(model) is not None
        if library == "transformers" and not on_hub:
            return f"{model} is no name of the hub; write owner/name, as microsoft/rad-dino"
        if not on_hub and not TIMM_NAME.fullmatch(model):
            return f"{model} is no name of a model; write timm's own, or owner/name of the hub"
        if on_hub and self.revision is None:
            return (
                f"revision is missing: what {model} holds may change; give the full commit id that "
                f"its page lists under Files and versions"
            )
        return None
