"""The book's tables of parts of the customers: who is listed, and whether the model is right for every part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.evaluation.reach import FIRST
from hvc_ml.evaluation.slices import LEAST_CUSTOMERS
from hvc_ml.explanation.formatting import share
from hvc_ml.report.book_parts import Cell, Chapter, Table
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.slicing import attribute_labels, kept_slices

TENURE: Final = "days_since_first_order"
LISTED: Final = ("", "Customers", "On the list", "Share listed", "Of the highest share", "Mean churn risk")
RIGHT: Final = (
    "",
    "Customers",
    "Forecast to leave",
    "Left",
    "Apart, in points",
    "Told apart (AUC)",
    "Leavers reached",
)
LISTED_SAYS: Final = (
    "Of those who may be contacted; the share listed is the selection rate, those held out included. A list ordered "
    "by money holds more of those who spend more. No share here is a pass or a fail: whether a difference is "
    "justified, a person decides."
)
RIGHT_SAYS: Final = (
    "From the model's test. In every part, forecast and outcome should agree (calibration within groups); brackets "
    "hold 95 % intervals. Leavers reached: of those who left, the share that stood among the "
    f"{share(FIRST)} with the highest value at risk (equal opportunity asks for it to be alike; Hardt et al. 2016). "
    "Where parts leave at different rates, no forecast but a perfect one is calibrated in each and gives the leavers "
    "of each, and the stayers of each, the same mean risk (Kleinberg et al. 2016): a person decides what matters."
)
NOT_KEPT: Final = (
    "How the model does for parts of the customers was not kept for this version: it was trained elsewhere, or by an "
    "earlier release. Train here to see it."
)


def with_slices(
    chapter: Chapter, shop: Shop, meta: Mapping[str, Any], rows: pd.DataFrame, scores: pd.DataFrame
) -> Chapter:
    """The chapter with its tables of parts: tiers, new customers, and the attributes of ``slices.by``.

    Parameters
    ----------
    chapter
        About the model.
    shop
        The business: the attributes of its customers, and what was kept of the model's test.
    meta
        What the manifest of the list says.
    rows, scores
        The list, and everybody it was chosen from.
    """
    labels = _labels(shop, date.fromisoformat(meta["cutoff"]), scores)
    kept = kept_slices(shop.project, str(meta.get("model_sha256", "")))
    tables = (listed_table(labels, scores, rows[CUSTOMER]), *right_table(kept))
    lines = chapter.lines if kept else (*chapter.lines, NOT_KEPT)
    return replace(chapter, lines=lines, tables=(*chapter.tables, *tables))


def listed_table(labels: pd.DataFrame, scores: pd.DataFrame, listed: pd.Series) -> Table:
    """Selection rates, part by part; parts with fewer than ``LEAST_CUSTOMERS`` are counted, and not told.

    Parameters
    ----------
    labels
        One categorical column per way of telling customers apart, rows as ``scores``.
    scores
        Everybody who may be contacted: ``customer_id``, ``churn_risk``.
    listed
        Ids of those on the list.
    """
    inside = scores.assign(listed=scores[CUSTOMER].isin(set(listed)))
    told, small = [], []
    for by in labels:
        parts = inside.groupby(labels[by], observed=True, sort=True).agg(
            n=("listed", "size"), listed=("listed", "sum"), risk=("churn_risk", "mean")
        )
        large = parts[parts["n"] >= LEAST_CUSTOMERS]
        small += [(str(by), len(parts) - len(large))] if len(large) < len(parts) else []
        told += [*_listed_rows(str(by), large)]
    return Table("Who is on this list, part by part", LISTED, tuple(told), f"{LISTED_SAYS}{_untold(small)}")


def right_table(kept: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    """What the test measured of each part, if anything was kept of it."""
    told = [_right_row(part) for part in kept if part["cutoffs"]]
    if told:
        names = dict.fromkeys(str(part["by"]) for part in kept)
        small = [(by, sum(p["by"] == by and not p["cutoffs"] for p in kept)) for by in names]
        says = f"{RIGHT_SAYS}{_untold([(by, n) for by, n in small if n])}"
        yield Table("Is the model right for every part?", RIGHT, tuple(told), says)


def _labels(shop: Shop, cutoff: date, scores: pd.DataFrame) -> pd.DataFrame:
    config = shop.project.config
    first: pd.Series = shop.panel(cutoff).select([CUSTOMER, TENURE]).to_pandas().set_index(CUSTOMER)[TENURE]
    new = first.reindex(scores[CUSTOMER]).fillna(0).to_numpy(np.float64) <= config.labels.horizon
    names = ["new", "long-standing"]
    told = {
        "tier": pd.Categorical(scores["tier"], [t.name for t in config.tiers]),
        "tenure": pd.Categorical(np.where(new, *names), names),
    }
    return pd.DataFrame(told, index=scores.index).join(attribute_labels(shop, scores[CUSTOMER]))


def _listed_rows(by: str, parts: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    rates = parts["listed"] / parts["n"]
    highest = float(rates.max()) if len(rates) else 0.0
    for name, n, listed, risk in parts.itertuples():
        rate = listed / n
        of_highest = f"{rate / highest:.2f}" if highest else ""
        texts = (f"{by}: {name}", f"{n:,}", f"{listed:,}", share(rate), of_highest, share(risk))
        yield tuple(map(Cell, texts))


def _right_row(part: Mapping[str, Any]) -> tuple[Cell, ...]:
    low, gap, high = part["intervals"]["churn_bias"]
    apart = "" if gap is None else f"{100 * gap:+z.1f}"
    ends = "" if low is None or high is None else f" ({100 * low:+z.1f} to {100 * high:+z.1f})"
    auc, left = part["model"]["churn_auc"], part["churn_rate"]
    return (
        Cell(f"{part['by']}: {part['name']}"),
        Cell(f"{part['customers']:,}"),
        Cell("" if gap is None else share(left + gap)),
        Cell(share(left)),
        Cell(f"{apart}{ends}"),
        Cell("too few", "faint") if auc is None else Cell(f"{auc:.3f}"),
        Cell("too few", "faint") if part["reached"] is None else Cell(share(part["reached"])),
    )


def _untold(small: Sequence[tuple[str, int]]) -> str:
    """How many parts are too small to be told."""
    if not small:
        return ""
    counts = ", ".join(f"{n:,} of {by}" for by, n in small)
    return f" Not told, with fewer than {LEAST_CUSTOMERS} customers, where chance would speak louder: {counts}."
