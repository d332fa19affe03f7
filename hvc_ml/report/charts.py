"""The figures a report shows. Each function takes numbers and returns a Matplotlib figure; nothing is written here."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from hvc_ml.report.style import ALERT, INK, LINE, MODEL, MUTED, OTHERS, PERFECT, calm, canvas, per_cent
from hvc_ml.report.tenths_charts import shares_chart, values_chart

Floats = NDArray[np.float64]

PERFECT_NAME: Final = "perfect foresight"


def calibration_chart(predicted: ArrayLike, observed: ArrayLike, *, bins: int = 10) -> Figure:
    """Predicted against observed churn in bins of equally many customers; the closer to the diagonal, the better.

    Parameters
    ----------
    predicted : array_like, shape (n,)
        Churn risks, in [0, 1].
    observed : array_like, shape (n,)
        1 where the customer left, else 0.
    bins : int
        Number of bins.

    Returns
    -------
    Figure
        With 95 % intervals of the observed rates.
    """
    risk, left = np.asarray(predicted, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    parts = [part for part in np.array_split(np.argsort(risk, kind="stable"), bins) if len(part)]
    means = [[float(column[part].mean()) for part in parts] for column in (risk, left)]
    return shares_chart(means[0], means[1], [len(part) for part in parts])


def gain_chart(actual: ArrayLike, rankings: Mapping[str, ArrayLike], *, model: str = "model") -> Figure:
    """Share of all future value among the customers ranked first; the higher, the better.

    Parameters
    ----------
    actual : array_like, shape (n,)
        Future value that came, in money.
    rankings : mapping
        Name -> forecast per customer, shape (n,). The model stands out, the baselines stand back.
    model : str
        Which name is the model.

    Returns
    -------
    Figure
        With perfect foresight as the upper bound.
    """
    value = np.asarray(actual, dtype=np.float64)
    shares = np.arange(len(value) + 1) / max(len(value), 1)
    everyone = {**rankings, PERFECT_NAME: value}
    with calm():
        figure, axes = canvas("Future value found among the first customers of the ranking")
        axes.axvline(0.2, color=LINE, linewidth=1.0)
        others = cycle(OTHERS)
        for name, forecast in everyone.items():
            captured = _captured(value, np.asarray(forecast, dtype=np.float64))
            looks = _looks(name, model, others)
            axes.plot(shares, captured, label=f"{name} ({100 * np.interp(0.2, shares, captured):.0f} %)", **looks)
        top = max(1.02, float(_captured(value, value).max()) + 0.02)
        axes.set(xlim=(0, 1), ylim=(0, top), xlabel="share of customers", ylabel="share of future value")
        axes.grid(visible=True)
        per_cent(axes.xaxis)
        per_cent(axes.yaxis)
        axes.legend(loc="lower right", title="in the first 20 %", title_fontsize=9, fontsize=9)
    return figure


def decile_chart(predicted: ArrayLike, actual: ArrayLike, *, currency: str) -> Figure:
    """Mean predicted and mean actual future value by tenth of the forecast; equal heights are best.

    Parameters
    ----------
    predicted, actual : array_like, shape (n,)
        Future value, in money.
    currency : str
        ISO 4217 code, for the axis.
    """
    forecast, value = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    parts = [part for part in np.array_split(np.argsort(-forecast, kind="stable"), 10) if len(part)]
    means = [[float(column[part].mean()) for part in parts] for column in (forecast, value)]
    return values_chart(means[0], means[1], currency=currency)


def honesty_chart(figures: pd.DataFrame, *, model: str = "model") -> Figure:
    """The model beside every baseline, one panel per metric, best first; a model that does not win is seen to lose.

    Parameters
    ----------
    figures : DataFrame
        One row per method (the index holds the names), one column per metric; in each, more is better. NaN is left out.
    model : str
        Which row is the model.
    """
    with calm():
        figure, axes = canvas("", width=max(3.6 * figures.shape[1], 4.2), height=1.1 + 0.34 * len(figures))
        figure.set_layout_engine("constrained", wspace=0.08)
        axes.remove()
        for place, metric in enumerate(figures.columns, start=1):
            axes = figure.add_subplot(1, figures.shape[1], place)
            _panel(axes, figures[metric].dropna(), model)
            axes.set_ylim(axes.get_ylim()[1] - len(figures), None)  # bars of one height in every panel
    return figure


def learning_chart(rounds: Mapping[str, Sequence[float]], *, metric: str, best: int | None = None) -> Figure:
    """A loss per boosting round, for fit and check data; less is better.

    Parameters
    ----------
    rounds : mapping
        Name of the data -> loss after each round.
    metric : str
        Name of the loss.
    best : int, optional
        The round that was kept.
    """
    with calm():
        figure, axes = canvas("Loss by boosting round")
        for name, colour in zip(rounds, (MODEL, OTHERS[0], PERFECT, *OTHERS[1:]), strict=False):
            axes.plot(np.arange(1, len(rounds[name]) + 1), rounds[name], color=colour, label=name)
        if best is not None:
            axes.axvline(best, color=MUTED, linewidth=1.0, linestyle=(0, (4, 4)))
            axes.annotate(f"kept: {best}", (best, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -4),
                          textcoords="offset points", va="top", fontsize=9, color=MUTED)  # fmt: skip
        axes.set(xlabel="round", ylabel=metric)
        axes.grid(visible=True, axis="y")
        axes.legend()
    return figure


def profit_chart(gains: ArrayLike, *, currency: str, contacted: int | None = None) -> Figure:
    """Expected profit of a list as it grows longer; the peak says how many contacts pay.

    Parameters
    ----------
    gains : array_like, shape (n,)
        Expected gain per customer, in money, in any order; negative ones included, so that the curve can fall.
    currency : str
        ISO 4217 code, for the axis.
    contacted : int, optional
        Length of the list that was made.
    """
    curve = np.r_[0.0, np.cumsum(-np.sort(-np.asarray(gains, dtype=np.float64)))]
    peak = int(curve.argmax())
    with calm():
        figure, axes = canvas("Expected gain of the list by its length")
        axes.axhline(0.0, color=LINE, linewidth=1.0)
        axes.plot(curve, color=MODEL)
        _mark(axes, peak, curve[peak], f"most: {curve[peak]:,.0f} {currency} with {peak:,} customers", PERFECT)
        if contacted is not None and contacted != peak:
            _mark(axes, contacted, curve[contacted], f"this list: {contacted:,}", ALERT)
        axes.set(xlabel="customers on the list, by expected gain", ylabel=f"expected gain, {currency}")
        axes.xaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
        axes.yaxis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
        axes.margins(y=0.15)
        axes.grid(visible=True, axis="y")
        axes.legend(loc="lower right")
    return figure


def _captured(value: Floats, forecast: Floats) -> Floats:
    """Share of all value among the first 0, 1, ..., n customers of a ranking; shape (n + 1,)."""
    running = np.cumsum(value[np.argsort(-forecast, kind="stable")])
    total = running[-1] if len(running) else 0.0
    return np.r_[0.0, running / total] if total > 0.0 else np.zeros(len(value) + 1)


def _looks(name: str, model: str, others: Iterator[str]) -> dict[str, Any]:
    if name == model:
        return {"color": MODEL, "linewidth": 2.8, "zorder": 3}
    if name == PERFECT_NAME:
        return {"color": PERFECT, "linewidth": 1.4, "linestyle": (0, (4, 3))}
    return {"color": next(others), "linewidth": 1.4}


def _panel(axes: Axes, column: pd.Series, model: str) -> None:
    """Bars of one metric, best on top; the model blue where it wins, red where it does not, the others grey.

    Perfect foresight is nobody's rival: it stands apart, and the model may win below it.
    """
    names = [str(name) for name in column.index]
    heights = column.to_numpy(dtype=np.float64)
    order = np.lexsort((np.array(names), -heights))[::-1]  # bars are drawn from the bottom
    best = next((i for i in order[::-1] if names[i] != PERFECT_NAME), None)
    for place, i in enumerate(order):
        is_model = names[i] == model
        colour = (MODEL if i == best else ALERT) if is_model else PERFECT if names[i] == PERFECT_NAME else LINE
        axes.barh(place, heights[i], color=colour, height=0.68)
        beside: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
        axes.annotate(f"{heights[i]:.3f}", (max(heights[i], 0.0), place), **beside, weight="bold" if is_model else None)
    axes.set_ylim(-0.5, len(order) - 0.5)
    axes.set_yticks(range(len(order)), [names[i] for i in order], fontsize=9)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_title(str(column.name).replace("_", " "), fontsize=11)
    axes.set_xlim(min(0.0, heights.min(initial=0.0)), 1.25 * max(1e-9, heights.max(initial=0.0)))
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _mark(axes: Axes, x: int, y: float, words: str, colour: str) -> None:
    axes.plot([x], [y], color=colour, marker="o", markersize=8, linestyle="none", label=words)
