"""Which key of the config brings back images that a reason excludes."""

import re

# What to do, by a pattern of the reason; {0} is what its group has.
MENDING = {
    r"modality unknown": "add `constants: {modality: X-ray}` to the source, or name its column",
    r"modality (.+)": "set `cohort.modality: {0}`",
    r"not matched: (\w+) unknown": "leave {0} out of `cohort.match`, or name its column",
    r"not matched: not every class .+": "leave a field out of `cohort.match`",
    r"removed by matching": "classes have as many images as the smallest one in each stratum",
    r"view unknown": "set `cohort.views: null` for every view, or `constants: {view: PA}`",
    r"view (.+)": "add {0} to `cohort.views`",
    r"finding unknown": "name the column of findings: `columns.finding`",
    r"finding (.+)": "add it to the `findings` of a class",
    r"fits several classes: (.+)": "tell {0} apart by `without`",
    r"no such file.*": "check the source's `images` and `columns.file`",
    r"smaller than \d+ pixels": "lower `cohort.min_side`",
    r"one file under several patients": "check `columns.patient_id`",
    r"several rows with different findings.*": "leave one row of each image in the table",
    r"removed by balancing": "raise `cohort.per_class`, or set it to `all`",
    r"near duplicate of an image of another class": "see `cohort.near_duplicates`",
}


def mending(reason: str) -> str | None:
    """The key of the config that takes an excluded image in, None where none does."""
    for pattern, advice in MENDING.items():
        match = re.fullmatch(pattern, reason)
        if match is not None:
            return advice.replace("{0}", match[1]) if match.groups() else advice
    return None
