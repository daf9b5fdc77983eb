"""Text as the cells of a CSV file, none of which a spreadsheet program takes for a formula.

Spreadsheet programs run a cell that begins with `=`, `+`, `-` or `@` when a file is
opened. An apostrophe in front makes it text; one apostrophe less gives the text back.
Where a program divides lines at `;` or tabs as well, as many do, a cell also begins
after those in the middle of a text, and after a line end.

References
----------
OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection.
"""

import re

MARK = "'"
_BEGIN = r"(?:^|(?<=[;\t\r\n]))"
# Blanks and invisible characters, which some programs cut off before they look.
_BLANK = r"[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
# With the full-width and small forms, which are read as the plain ones under some languages.
_SIGN = "[=+@＝＋＠﹦﹢﹫﹣－−-]"
_NUMBER = r"-[0-9]+(?:\.[0-9]+)?(?:$|[;\t\r\n])"
_UNMARKED = re.compile(rf"{_BEGIN}(?=[\t\r\n{MARK}]|(?!{_NUMBER}){_BLANK}*{_SIGN})")
_MARKED = re.compile(rf"{_BEGIN}{MARK}")


def to_cell(text: str) -> str:
    """A text as a cell: an apostrophe before what would begin a formula, or before another one.

    A plain negative number begins no formula and stays as it is.
    """
    return _UNMARKED.sub(MARK, text)


def from_cell(cell: str) -> str:
    """The text that `to_cell` made a cell of."""
    return _MARKED.sub("", cell)
