"""One customer as a page: what is at risk, what that is linked with, when to act, and the orders behind it."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hvc_ml.publish import write_bytes_atomic

Figure = tuple[str, str, str, float | None]

UNUSUAL: Final = 10
"""Figures that are shown before one asks for all."""

MOST_ORDERS: Final = 500
"""Orders that are drawn, the newest ones."""


@dataclass(frozen=True)
class CustomerPage:
    """What goes into the page; amounts are in the currency.

    Parameters
    ----------
    business, customer_id, tier, model_version, currency
        Texts of the config, the orders and the registry; every one is escaped.
    cutoff
        The midnight that the page pretends is now.
    horizon
        Days that the model looks ahead.
    event
        What leaving means, in words.
    value_at_risk, churn_risk, value_if_kept
        Of the customer.
    future_value
        Low, expected, high.
    base
        The value at risk of a typical customer.
    reasons
        Words, amount and sentence of each family, the largest first; base and amounts add up to the value at risk.
    risks
        Days and churn risk within them, in order.
    act_before, why_then
        The day, None where the model does not say when; and what is special about it, as a sentence that goes on.
    figures
        Name, own figure and median of all as they are written, share of the others below, equal ones
        counted half (None for texts).
    orders
        Day and amount, in order of time.
    """

    business: str
    customer_id: str
    tier: str
    model_version: str
    currency: str
    cutoff: date
    horizon: int
    event: str
    value_at_risk: float
    churn_risk: float
    value_if_kept: float
    future_value: tuple[float, float, float]
    base: float
    reasons: tuple[tuple[str, float, str], ...]
    risks: tuple[tuple[int, float], ...]
    act_before: date | None
    why_then: str
    figures: tuple[Figure, ...]
    orders: tuple[tuple[date, float], ...]


def customer_html(page: CustomerPage) -> str:
    """The page, complete in itself: no script, no request to anywhere; light, dark, small screens and paper.

    Returns
    -------
    str
        HTML; the same page gives the same text.
    """
    write = partial(_money, currency=page.currency)
    style = _asset("customer.css")
    return _template().render(
        page=page,
        style=Markup(style),  # noqa: S704 # our own file
        style_hash=_hash(style),
        cards=_cards(page),
        reasons=_waterfall(page),
        risks=[(days, _share(risk), _place(risk)) for days, risk in page.risks],
        interval=_interval(page, write),
        timeline=_timeline(page, write),
        unusual=[_figure(f) for f in _unusual(page)],
        figures=[_figure(f) for f in page.figures],
    )


def write_page(page: CustomerPage, path: Path) -> None:
    """Write the page, private to the user.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_bytes_atomic(path, customer_html(page).encode("utf-8", "replace"))


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("customer.html.j2"))


def _asset(name: str) -> str:
    return files("hvc_ml.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """How a content security policy names the one style sheet it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _cards(page: CustomerPage) -> list[tuple[str, str, str]]:
    write = partial(_money, currency=page.currency)
    low, expected, high = page.future_value
    before = page.act_before
    return [
        (write(page.value_at_risk), "value at risk", "churn risk times value if kept"),
        (_share(page.churn_risk), "churn risk", f"{page.event.lower()} within {page.horizon} days"),
        (write(page.value_if_kept), "value if kept", "expected if the customer stays"),
        (write(expected), "future value", f"between {write(low)} and {write(high)}"),
        *([(before.isoformat(), "act before", f"{(before - page.cutoff).days} days from now")] if before else []),
    ]


def _waterfall(page: CustomerPage) -> list[dict[str, Any]]:
    """Bars from the base over each reason to the value at risk; per cent of the widest stretch they reach."""
    ends = [page.base]
    for _, amount, _ in page.reasons:
        ends.append(ends[-1] + amount)
    low, high = min(0.0, *ends), max(*ends, page.value_at_risk, 1e-9)

    def bar(name: str, says: str, words: str, kind: str, stretch: tuple[float, float]) -> dict[str, Any]:
        left, right = (100 * (end - low) / (high - low) for end in sorted(stretch))
        shown = {"x": f"{left:.2f}", "width": f"{max(right - left, 0.3):.2f}"}
        return {"name": name, "says": says, "amount": words, "kind": kind, **shown}

    told = [
        bar(words, says, f"{amount:+,.2f}", _kind(amount), (start, start + amount))
        for (words, amount, says), start in zip(page.reasons, ends, strict=False)
    ]
    first = bar("a typical customer", "", f"{page.base:,.2f}", "all", (0.0, page.base))
    return [first, *told, bar("value at risk", "", f"{page.value_at_risk:,.2f}", "all", (0.0, page.value_at_risk))]


def _interval(page: CustomerPage, write: Callable[[float], str]) -> dict[str, str]:
    low, expected, high = page.future_value
    least, most = min(low, 0.0), max(high, expected, 1e-9)
    x, at, end = (100 * (v - least) / (most - least) for v in (low, expected, high))
    says = (
        f"{write(expected)} is expected over {page.horizon} days; most likely between {write(low)} and {write(high)}."
    )
    shown = {"x": f"{x:.2f}", "width": f"{max(end - x, 0.3):.2f}", "at": f"{at:.2f}"}
    return {**shown, "least": write(least), "most": write(most), "says": says}


def _timeline(page: CustomerPage, write: Callable[[float], str]) -> dict[str, Any]:
    """Orders as stems from the first drawn to the cutoff; what follows the last one is shaded."""
    orders = page.orders[-MOST_ORDERS:]
    if not orders:
        return {"silent": 0.0, "zero": 100.0, "stems": [], "first": "", "says": "No orders."}
    first, last = orders[0][0], orders[-1][0]
    span = max((page.cutoff - first).days, 1)
    top, bottom = max(0.0, *(a for _, a in orders)), min(0.0, *(a for _, a in orders))
    height = max(top - bottom, 1e-9)
    stems = [
        (round(1000 * (day - first).days / span, 1), round(100 * (top - amount) / height, 1), _stem(amount))
        for day, amount in orders
    ]
    silent, total = (page.cutoff - last).days, sum(a for _, a in page.orders)
    more = f" The last {MOST_ORDERS} are drawn." if len(page.orders) > MOST_ORDERS else ""
    says = (
        f"{_counted(page.orders)}, {write(total)} in all, the last on {last}, "
        f"{silent} day{'' if silent == 1 else 's'} before {page.cutoff}.{more}"
    )
    place = round(1000 * (last - first).days / span, 1)
    return {
        "silent": place,
        "zero": round(100 * top / height, 1),
        "stems": stems,
        "first": first.isoformat(),
        "says": says,
    }


def _unusual(page: CustomerPage) -> list[Figure]:
    """Figures that few others reach, or few stay below; ties in the order they came."""
    known = [(abs(f[3] - 0.5), f) for f in page.figures if f[3] is not None]
    return [f for _, f in sorted(known, key=lambda found: -found[0])[:UNUSUAL]]


def _figure(figure: Figure) -> tuple[str, str, str, str]:
    name, own, median, below = figure
    return name, own, median, "" if below is None else _share(below)


def _counted(orders: tuple[tuple[date, float], ...]) -> str:
    back = sum(amount < 0 for _, amount in orders)
    counts = [(len(orders) - back, "order"), *([(back, "refund")] if back else [])]
    return " and ".join(f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in counts)


def _kind(amount: float) -> str:
    return "up" if amount > 0 else "down"


def _stem(amount: float) -> str:
    return "order" if amount >= 0 else "refund"


def _place(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.1f}"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _money(amount: float, *, currency: str) -> str:
    """Whole units from 100 up, to the cent below."""
    return f"{amount:z,.0f} {currency}" if abs(amount) >= 99.995 else f"{amount:z,.2f} {currency}"
