"""Days of the business's time zone as integers, the engine's unit of time."""

from datetime import date, timedelta

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Whole days from 1970-01-01 to ``day``.

    Examples
    --------
    >>> day_number(date(1970, 1, 2))
    1
    """
    return (day - _EPOCH).days


def as_date(number: int) -> date:
    """The date of a day number; the inverse of `day_number`.

    Examples
    --------
    >>> as_date(1).isoformat()
    '1970-01-02'
    """
    return _EPOCH + timedelta(days=number)
