"""Text that a spreadsheet will not take for a formula: for every file that people open."""

import re
from typing import Final

_BLANKS: Final = " \u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\u0085\x00\x0b\x0c\x1c-\x1f"
_SIGNS: Final = "=+\\-@|\t\r\n"
_LOOKALIKES: Final = "＝＋－＠｜﹦﹢﹣﹫⁺₊⁻₋⁼₌"  # noqa: RUF001 # full-width, small and raised forms, which some programs fold
_DANGEROUS = re.compile(f"^[{_BLANKS}]*[{_SIGNS}{_LOOKALIKES}]")


def safe_text(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet might run.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The same text; with a leading apostrophe where it begins, after blanks, with ``= + - @ |``, a tab, a line end,
        or one of their full-width forms.

    References
    ----------
    OWASP, "CSV Injection".

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("  @sum"), safe_text("A-1")
    ("'=1+1", "'  @sum", 'A-1')
    """
    return f"'{text}" if _DANGEROUS.match(text) else text
