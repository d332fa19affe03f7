"""The book's chapter about the model: how good it is beside simple rules, in plain words, and what it is not for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.explanation.formatting import share
from hvc_ml.report.book_parts import Cell, Chapter, Chart, Table, cells
from hvc_ml.report.charts import honesty_chart
from hvc_ml.report.tenths_charts import shares_chart, values_chart

NOT_FOR: Final = (
    "It was made to choose whom to contact, and nothing else was tested: it must not decide about prices or credit.",
    "Nor may it decide about insurance, employment or access to a service, or be a reason to treat customers worse.",
    "Reasons are links and not causes: changing a figure need not change what a customer does.",
    "What contacting earns is shown by the holdout, not by the model.",
)
METRICS: Final = {
    "churn_auc": "Tells leavers from stayers (AUC)",
    "value_gini": "Orders customers by value (Gini)",
    "value_captured_20": "Future value in its top 20 %",
    "value_spearman": "Rank correlation of value",
}
DRAWN: Final = {"churn_auc": "Leavers (AUC)", "value_gini": "Value (Gini)"}
ORDER: Final = "value_gini"
MODEL: Final = "model"
CEILING: Final = "perfect_foresight"
"""Nobody reaches it, so it wins no column."""


def quality(found: Mapping[str, Any] | None, money: Callable[[float], str], currency: str) -> Chapter:
    """How good the model is.

    Parameters
    ----------
    found
        What `hvc_ml.workflows.quality.quality_of` kept; None where the model was trained before it was kept.
    money
        Writes an amount in the business's currency.
    currency
        ISO 4217 code.
    """
    title = "How good the model is"
    if not found:
        return Chapter("model", title, ("This version carries no figures of its test. Train again to see them here.",))
    return Chapter(
        "model",
        title,
        tuple(_lines(found)),
        tuple(_tables(found, money)),
        tuple(_charts(found, currency)),
        (("What it must not be used for", NOT_FOR),),
    )


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield str(found["says"])
    yield f"Grade {found['grade']}: {found['grade_reason']}"
    yield (
        f"It was tested on {found['n_customers']:,} customers at {', '.join(found['cutoffs'])}, each time made anew "
        "from what was known by then and held against what came afterwards."
    )
    gaps = _gaps(found["churn"])
    if len(gaps):
        yield (
            "A risk can be read as a share as far as this goes: in each tenth of the customers, the mean risk that was "
            f"forecast and the share that left were {100 * gaps.mean():.1f} percentage points apart on average, and "
            f"{100 * gaps.max():.1f} at most."
        )
    low, mid, high = found["covered"]
    if mid is not None:
        yield (
            f"{share(mid)} of outcomes ({share(low)} to {share(high)}) lay within their interval of future value, "
            f"which is made to hold {share(found['coverage'])}."
        )
    bias = found["value_bias"]
    if bias is not None:
        more = "more" if bias >= 0 else "less"
        yield f"In total it forecast {share(abs(bias))} {more} money than came."


def _tables(found: Mapping[str, Any], money: Callable[[float], str]) -> Iterator[Table]:
    yield _beside_rules(found["figures"])
    yield _tenths("Churn risk: forecast and outcome", ("Forecast risk", "Share that left"), found["churn"], share)
    yield _tenths("Future value: forecast and outcome", ("Mean forecast", "Mean outcome"), found["value"], money)


def _beside_rules(figures: Sequence[Mapping[str, Any]]) -> Table:
    """Model and rules, the best order by value first; the best of each column stands out."""
    table = pd.DataFrame(list(figures)).set_index(["name", "metric"])[["low", "mid", "high"]].astype(float)
    known = [m for m in METRICS if m in table.index.get_level_values("metric")]
    order = table["mid"].xs(ORDER, level="metric").sort_values(ascending=False, kind="stable").index
    best = table["mid"].drop(CEILING, level="name", errors="ignore").groupby(level="metric").max()
    rows = []
    for name in order:
        line = [Cell("the model" if name == MODEL else str(name).replace("_", " "), "strong" if name == MODEL else "")]
        for metric in known:
            low, mid, high = table.loc[(name, metric)]
            words = "" if mid != mid else f"{mid:.3f} ({low:.3f} to {high:.3f})"  # noqa: PLR0124 # NaN is unlike itself
            line.append(Cell(words, "strong" if mid == best[metric] else ""))
        rows.append(tuple(line))
    says = "More is better everywhere; in brackets 95 % intervals. The rules are what a spreadsheet would do."
    return Table("The model beside simple rules", ("", *(METRICS[m] for m in known)), tuple(rows), says)


def _tenths(
    caption: str, heads: tuple[str, str], tenths: Sequence[Mapping[str, Any]], write: Callable[[float], str]
) -> Table:
    rows = [
        cells(f"{i}", *("" if t[c] is None else write(t[c]) for c in ("predicted", "actual")))
        for i, t in enumerate(tenths, start=1)
    ]
    says = "Tenths of the customers, the highest forecast first: the two columns should agree."
    return Table(caption, ("Tenth", *heads), tuple(rows), says)


def _gaps(tenths: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """How far forecast and outcome are apart in each tenth where both are known."""
    forecast, came = _known(tenths)
    return np.abs(forecast - came)


def _known(tenths: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forecasts and outcomes of the tenths where both are known."""
    pairs = [(t["predicted"], t["actual"]) for t in tenths if t["predicted"] is not None and t["actual"] is not None]
    forecast, came = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return forecast, came


def _charts(found: Mapping[str, Any], currency: str) -> Iterator[Chart]:
    if found["figures"]:
        yield _honesty(found["figures"])
    risks, values = _known(found["churn"]), _known(found["value"])
    if len(risks[0]):
        figure = shares_chart(*risks, found["n_rows"] / len(found["churn"]))
        says = "The nearer to the dashed line, the truer the risks; the pale bars hold the truth in 95 of 100 cases."
        yield Chart("Churn risk: forecast and outcome, drawn", figure, says)
    if len(values[0]):
        figure = values_chart(*values, currency=currency)
        yield Chart("Future value: forecast and outcome, drawn", figure, "Bars of a pair should be of one height.")


def _honesty(figures: Sequence[Mapping[str, Any]]) -> Chart:
    wide = pd.DataFrame(list(figures)).pivot_table("mid", "name", "metric", "first", sort=False, dropna=False)
    shown = wide[[m for m in DRAWN if m in wide]].rename(columns=DRAWN, index=lambda name: str(name).replace("_", " "))
    figure = honesty_chart(shown.astype(float))
    return Chart("The model beside simple rules, drawn", figure, "The longer the bar, the better.")
