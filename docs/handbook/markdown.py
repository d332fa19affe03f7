"""The little Markdown that reference pages are made of."""

import re
from collections.abc import Sequence
from typing import Final

MADE: Final = "<!-- Made from the code by `python -m docs.handbook`; changes belong there. -->\n"
"""The first line of a page that nobody should edit."""


def page(title: str, *parts: str) -> str:
    """A whole page: a title, and parts with an empty line between them."""
    return "\n\n".join((MADE + f"\n# {title}", *(part.strip("\n") for part in parts))) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""A table; bars in cells are escaped.

    Examples
    --------
    >>> print(table(["key", "says"], [["a", "x | y"]]))
    | key | says |
    |---|---|
    | a | x \| y |
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(c) for c in row) + " |" for row in rows)])


def plain(docstring: str) -> str:
    r"""A docstring's text in one line, its ``code`` and its links to names as Markdown's `code`.

    Examples
    --------
    >>> plain("A share, as ``tiers``\n    has it.")
    'A share, as `tiers` has it.'
    """
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(docstring.split()))


def first(docstring: str) -> str:
    """The first paragraph of a docstring, in one line."""
    return plain(docstring.strip().split("\n\n")[0])


def code(text: object) -> str:
    """Text in code letters; nothing where it is empty."""
    return f"`{text}`" if str(text) else ""


def fenced(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.strip(chr(10))}\n```"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text.replace("\n", " "))
