"""The device that networks run on, its numbers and its memory."""

import os

import torch


def best_device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The numbers that a network computes with in training.

    `auto` is bfloat16 where the processor computes with it by itself; without
    that it would be slower than float32.
    """
    if precision == "auto":
        on_gpu = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        on_cpu = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        precision = "bfloat16" if on_gpu or on_cpu else "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def mixed_precision(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """The context in which a network computes with `dtype`; its weights stay float32."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def make_deterministic() -> None:
    """Operations that give the same result twice, where torch has them."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the machine, has no memory left for an array."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
