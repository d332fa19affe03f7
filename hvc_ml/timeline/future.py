"""The one door to the future. Only labels may open it."""

from datetime import date

import narwhals as nw

from hvc_ml.tables.frame import Frame
from hvc_ml.tables.schema import DAY
from hvc_ml.timeline.days import day_number


def future(table: Frame, cutoff: date, days: int) -> Frame:
    """Rows of ``[cutoff, cutoff + days)``: the cutoff instant belongs to the future.

    Parameters
    ----------
    table
        A canonical table with a ``day``.
    cutoff
        The midnight we pretend is now.
    days
        How far to look ahead.
    """
    now = day_number(cutoff)
    return table.filter(nw.col(DAY) >= now, nw.col(DAY) < now + days)
