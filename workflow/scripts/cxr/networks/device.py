"""The device that networks run on, its numbers and its memory."""

import functools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

log = logging.getLogger("cxr")

GIB = 2**30
SMALLEST = 2 * GIB  # bytes that a card has to have free
# How torch and oneDNN tell that there is no memory for an array; oneDNN names what it did not make.
SHORT_MEMORY = ("allocate memory", "could not create a primitive", "could not create a memory")


@functools.cache
def choose_device(wanted: str = "auto") -> torch.device:
    """The device of this job; the log says once which it is and why.

    Parameters
    ----------
    wanted : str
        `cpu`; `gpu` for the card; `auto` for the card where it computes with bfloat16. Without
        a card that can be used it is the CPU.
    """
    cpu = torch.device("cpu")
    if wanted == "cpu":
        log.info("device: the CPU, as the config says")
        return cpu
    problem = _problem_of_card()
    if problem is None and wanted == "auto" and not _has_bfloat16():
        problem = "the card has no bfloat16 (`device: gpu` uses it with float32)"
    if problem is not None:
        level = logging.WARNING if wanted == "gpu" else logging.INFO
        log.log(level, "device: the CPU: %s", problem)
        return cpu
    free, total = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    log.info("device: %s, %.1f GiB, %.1f GiB of it free", name, total / GIB, free / GIB)
    return torch.device("cuda")


def _problem_of_card() -> str | None:
    """Why no card can be used; None where one can."""
    if torch.version.cuda is None and torch.version.hip is None:
        return "torch is built without CUDA"
    try:
        torch.cuda.init()
        free, _ = torch.cuda.mem_get_info()
        if free < SMALLEST:
            return f"the card has {free / GIB:.1f} GiB free, less than {SMALLEST / GIB:.0f} GiB"
        torch.ones(1, device="cuda").add_(1).item()  # torch may hold no code for this card
    except (RuntimeError, AssertionError) as error:
        return str(error).split("\n", 1)[0].split(". ", 1)[0]
    return None


def _has_bfloat16() -> bool:
    return torch.cuda.is_bf16_supported(including_emulation=False)


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The numbers that a network computes with in training.

    `auto` is bfloat16 where the processor computes with it by itself; without
    that it would be slower than float32.
    """
    if precision == "auto":
        on_gpu = device.type == "cuda" and _has_bfloat16()
        on_cpu = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        precision = "bfloat16" if on_gpu or on_cpu else "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def mixed_precision(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """The context in which a network computes with `dtype`; its weights stay float32."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def set_deterministic(wanted: bool, device: torch.device) -> None:
    """Whether operations give the same result twice, where torch has such.

    If not, the card may choose the fastest algorithms by trial, and round the factors of
    products of float32 matrices to TF32.
    """
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(wanted, warn_only=True)
    torch.backends.cudnn.benchmark = not wanted
    # Every value of the memory is written before it is read: filling it first costs time alone.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if device.type == "cuda":
        torch.set_float32_matmul_precision("highest" if wanted else "high")


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """A stream of the card for what is computed within; CUDA graphs can't be of the default one."""
    if device.type != "cuda":
        yield
        return
    outer, inner = torch.cuda.current_stream(), torch.cuda.Stream()
    inner.wait_stream(outer)
    with torch.cuda.stream(inner):
        yield
    outer.wait_stream(inner)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the machine, has no memory left for an array."""
    return isinstance(error, torch.OutOfMemoryError) or any(
        words in str(error) for words in SHORT_MEMORY
    )
