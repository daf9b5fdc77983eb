"""How a job's process asks the system for memory."""

import ctypes
from contextlib import suppress

# Parameters of glibc's `mallopt` (malloc.h).
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGE, KEPT = 64 * 2**20, 256 * 2**20  # bytes


def keep_freed_memory() -> None:
    """Keeps up to `KEPT` bytes of freed memory for the next arrays, those above `LARGE` left out.

    By default glibc gives each array of some megabytes back, and the system clears its pages
    again for the next one: an eighth of the time of a small training. Other C libraries are left
    as they are.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(MMAP_THRESHOLD, LARGE)
        libc.mallopt(TRIM_THRESHOLD, KEPT)
