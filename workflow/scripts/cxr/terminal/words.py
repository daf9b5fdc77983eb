"""Times as words."""

import math


def duration(seconds: float) -> str:
    """A time in short: 0.4 s, 12 s, 3 min, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def passed(seconds: float) -> str:
    """Time that has passed: 12 s, 3 min 5 s, 2 h 5 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, what: str) -> str:
    """A number of things: 1 job, 1,200 jobs."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
