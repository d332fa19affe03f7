"""Figures that look where nobody may: a checker that does not see them move would see nothing."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import reduce
from typing import Final

import narwhals as nw

from hvc_ml.certificate.sample import READ
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, DAY, KNOWN_DAY
from hvc_ml.timeline.days import day_number

MUST_MOVE: Final[Mapping[str, tuple[str, ...]]] = {
    "dropped": (CUSTOMER, "rows", "content"),
    "injected": (CUSTOMER,),
    "scrambled": (CUSTOMER, "content"),
    "multiplied": ("rows", "content"),
    "ties": ("tie",),
    "late": ("late",),
}
"""Perturbation -> canaries of a changed table (``customer_id``: who is in it); at least one of them must move."""


def canaries_at(tables: Tables, cutoff: date) -> dict[str, Frame]:
    """What four kinds of leak would see of each table, and of whom.

    Returns
    -------
    dict
        Table -> one row per customer who is anywhere in it, ever: ``rows``, all of them; ``content``, the sum of their
        whole numbers and days; ``tie``, those that lie before the cutoff or on its first day; ``late``, those that lie
        before it, whenever they became known.
    """
    found = {name: getattr(tables, name) for name in READ}
    return {name: _canaries(frame, day_number(cutoff)) for name, frame in found.items() if frame is not None}


def _canaries(frame: Frame, now: int) -> Frame:
    columns = frame.collect_schema()
    day = DAY if DAY in columns else KNOWN_DAY
    whole = [name for name, kind in columns.items() if kind.is_integer()]
    marks = {"rows": nw.lit(1), "content": _sum(whole)}
    if day in columns:
        marks["tie"] = nw.when(nw.col(day) <= now).then(nw.lit(1)).otherwise(nw.lit(0))
    if KNOWN_DAY in columns:
        marks["late"] = (
            nw.lit(1) if day == KNOWN_DAY else nw.when(nw.col(day) < now).then(nw.lit(1)).otherwise(nw.lit(0))
        )
    marked = frame.select(CUSTOMER, **marks)
    # float64: a sum that leaves 64 bits is no reason to stop
    return marked.group_by(CUSTOMER).agg(nw.col(*marks).sum().cast(nw.Float64)).sort(CUSTOMER)


def _sum(columns: Iterable[str]) -> nw.Expr:
    known = (nw.col(c).cast(nw.Int64).fill_null(0) for c in columns)
    return reduce(lambda a, b: a + b, known, nw.lit(0))
