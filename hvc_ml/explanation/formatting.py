"""Figures as a person reads them: money, days, counts, shares."""

import math
from collections.abc import Callable
from typing import Final

UNKNOWN: Final = "unknown"

_SYMBOLS: Final = {"GBP": "£", "USD": "$"}  # signs that stand for one currency only in everyday use


def money(amount: float, currency: str) -> str:
    """Money, in whole units from 100 up and to the cent below; the sign of the currency, or its code behind.

    Examples
    --------
    >>> money(1234.4, "GBP"), money(-1234.4, "EUR"), money(12.5, "USD")
    ('£1,234', '-1,234 EUR', '$12.50')
    """
    if not math.isfinite(amount):
        return UNKNOWN
    size = abs(amount)
    digits = f"{size:,.0f}" if size >= 99.995 or round(size, 2).is_integer() else f"{size:,.2f}"
    minus = "-" if amount < 0.0 and digits.strip("0.,") else ""
    symbol = _SYMBOLS.get(currency)
    return f"{minus}{symbol}{digits}" if symbol else f"{minus}{digits} {currency}"


def days(number: float) -> str:
    """Whole days from ten up, one decimal below.

    Examples
    --------
    >>> days(94.0), days(1.0), days(2.5), days(31.4)
    ('94 days', '1 day', '2.5 days', '31 days')
    """
    words = number_text(number)
    return words if words == UNKNOWN else f"{words} day" if words == "1" else f"{words} days"


def count(number: float) -> str:
    """A count, with thousands marked.

    Examples
    --------
    >>> count(1204.0)
    '1,204'
    """
    return f"{number:z,.0f}" if math.isfinite(number) else UNKNOWN


def share(number: float) -> str:
    """A share of one, in per cent; one decimal below ten per cent.

    Examples
    --------
    >>> share(0.123), share(0.05), share(0.0123)
    ('12 %', '5 %', '1.2 %')
    """
    words = number_text(100.0 * number)
    return words if words == UNKNOWN else f"{words} %"


def ratio(number: float) -> str:
    """A ratio; two decimals below one, one below ten.

    Examples
    --------
    >>> ratio(2.14), ratio(0.333), ratio(12.6)
    ('2.1', '0.33', '13')
    """
    if not math.isfinite(number):
        return UNKNOWN
    return f"{number:z.2f}" if abs(number) < 0.995 else number_text(number)


def number_text(number: float) -> str:
    """A number of unknown kind: whole from ten up, at most one decimal below.

    Examples
    --------
    >>> number_text(9.0), number_text(9.04), number_text(2.55), number_text(12345.6)
    ('9', '9', '2.5', '12,346')
    """
    if not math.isfinite(number):
        return UNKNOWN
    return f"{number:z,.0f}" if abs(number) >= 9.95 else f"{number:z.1f}".removesuffix(".0")


def formatter(unit: str, currency: str) -> Callable[[object], str]:
    """The function that writes figures of one unit.

    Parameters
    ----------
    unit
        ``money``, ``days``, ``count``, ``share``, ``ratio``, ``number`` or ``text``.
    currency
        ISO 4217 code, for money.

    Returns
    -------
    callable
        Figure -> text; what is missing reads ``unknown``.

    Raises
    ------
    ValueError
        For another unit.

    Examples
    --------
    >>> formatter("money", "EUR")(120.0), formatter("text", "EUR")(None)
    ('120 EUR', 'unknown')
    """
    if unit == "text":
        return lambda figure: figure if isinstance(figure, str) else UNKNOWN
    if unit == "money":
        return lambda figure: money(_number(figure), currency)
    plain = {"days": days, "count": count, "share": share, "ratio": ratio, "number": number_text}
    if unit not in plain:
        raise ValueError(f"no such unit: {unit!r}; there are {', '.join(['money', 'text', *plain])}")
    write = plain[unit]
    return lambda figure: write(_number(figure))


def _number(figure: object) -> float:
    return float(figure) if isinstance(figure, int | float) else math.nan
