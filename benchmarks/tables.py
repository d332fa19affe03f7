"""Markdown tables of what was measured."""

import platform
from collections.abc import Iterable, Sequence

from benchmarks.results import version_of
from hvc_ml.evaluation.bootstrap import Estimate


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    Examples
    --------
    >>> print(table(["model", "AUC"], [["prior", "0.815"]]))
    | model | AUC |
    |---|---|
    | prior | 0.815 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(_line(cells) for cells in lines).replace("| --- |", "|---|").replace(" --- |", "---|")


def number(value: float, digits: int = 3) -> str:
    """A figure, or a dash where it is undefined.

    Examples
    --------
    >>> number(0.8154), number(float("nan"))
    ('0.815', '-')
    """
    return "-" if value != value else f"{value:.{digits}f}"  # noqa: PLR0124 # only NaN differs from itself


def gap(difference: Estimate, digits: int = 3) -> str:
    """A difference with its interval.

    Examples
    --------
    >>> gap(Estimate(-0.00004, 0.0102, 0.02))
    '+0.010 (+0.000 to +0.020)'
    """
    mid, low, high = (signed(value, digits) for value in (difference.mid, difference.low, difference.high))
    return f"{mid} ({low} to {high})"


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign; what rounds to nothing is not negative.

    Examples
    --------
    >>> signed(0.0154), signed(-0.00004)
    ('+0.015', '+0.000')
    """
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def machine(*packages: str) -> str:
    """Where and with what it was measured.

    Examples
    --------
    >>> machine("no-such-package").endswith("no-such-package not installed")
    True
    """
    named = ", ".join(f"{name} {version_of(name)}" for name in packages)
    return f"{platform.machine()}, Python {platform.python_version()}, {named}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
