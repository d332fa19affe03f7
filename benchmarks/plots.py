"""The speed figures of docs/benchmarks.md, drawn from the results that lie in benchmarks/results.

python -m benchmarks.plots
python -m benchmarks.plots --results benchmarks/results --to docs

Each benchmark writes its result with ``--json benchmarks/results/NAME.json``; a figure without any result is left out.
The figures are SVGs that follow the reader's light or dark page.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.end_to_end import OURS, SHARED, lines
from benchmarks.meter import REST
from benchmarks.results import FOLDER, Result, read
from hvc_ml.report.style import ALERT, INK, LINE, MODEL, MUTED, OTHERS, PERFECT, calm, canvas, to_svg

DOCS: Final = Path(__file__).parents[1] / "docs"
CONTESTANTS: Final = {
    "pandas": ("pandas", ALERT),
    "duckdb": ("DuckDB, one join with the cutoffs", OTHERS[3]),
    "engine": ("our declarations as queries", OTHERS[2]),
    "polars": ("Polars", OTHERS[0]),
    "parts": ("hvc-ml within a memory limit, labels too", MODEL),
    "hvc-ml": ("hvc-ml", MODEL),
    "refresh": ("hvc-ml, 1 % new orders, one cutoff", OTHERS[1]),
    "scan": ("reading the columns alone", MUTED),
}
"""Of the benchmark of features, the slowest first."""
NIGHTS: Final = {"cold": "everything anew", "keeping": "anew, and kept for later", "night": "a night"}
COLOURS: Final = (OTHERS[0], PERFECT, MODEL, ALERT, OTHERS[2], MUTED, LINE)
"""Of the stages from log to list."""
_THEMES: Final = """<style>
svg { --ink: #1f2a37; --muted: #5f6b78; --line: #d5dde6; --model: #0072b2; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6ebf0; --muted: #a3afbb; --line: #46515d; --model: #45a3e0; } }
text { font-family: "DejaVu Sans", Verdana, sans-serif !important; }
</style>"""


def main() -> None:
    """Draw what there are results for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of .json files (default: the project's)")
    parser.add_argument("--to", type=Path, default=DOCS, help="where to write the figures (default: docs/)")
    asked = parser.parse_args()
    for name, figure in drawn(read(asked.results)).items():
        path = asked.to / f"speed_{name}.svg"
        path.write_text(themed(figure), encoding="utf-8")
        print(path.name)


def drawn(results: Mapping[str, Sequence[Result]]) -> dict[str, Figure]:
    """Benchmark -> figure, of those that have results."""
    with calm():
        return {name: draw(results[name]) for name, draw in FIGURES.items() if results.get(name)}


def themed(figure: Figure) -> str:
    """An SVG of its own that follows the reader's light or dark page."""
    text = to_svg(figure).replace(MODEL, "var(--model)")
    start = text.index(">") + 1
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text[:start]}\n{_THEMES}{text[start:]}'


def features_figure(results: Sequence[Result]) -> Figure:
    """Seconds of the processor by the number of orders, one line per contestant."""
    found: dict[str, dict[float, float]] = {}
    for result in results:
        for name, runs in result["found"].items():
            seconds = statistics.median(run["seconds"] for run in runs)
            found.setdefault(name, {})[float(result["asked"]["orders"])] = seconds
    figure, axes = canvas("Features at six cutoffs", width=8.2, height=4.4)
    for name in (n for n in CONTESTANTS if n in found):
        says, colour = CONTESTANTS[name]
        orders, seconds = zip(*sorted(found[name].items()), strict=True)
        line, fill = ("dotted", "none") if name == "parts" else ("solid", "full")
        axes.plot(orders, seconds, marker="o", color=colour, label=says, linestyle=line, fillstyle=fill)
    axes.set(xscale="log", yscale="log", xlabel="orders", ylabel="CPU seconds")
    _round_numbers(axes, sorted({n for of in found.values() for n in of}))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
    return figure


def _round_numbers(axes: Axes, sizes: Sequence[float]) -> None:
    axes.set_xticks(sizes, [f"{n / 1e6:g} million" for n in sizes], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlim(sizes[0] / 1.5, sizes[-1] * 1.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True, axis="y")


def shap_figure(results: Sequence[Result]) -> Figure:
    """Rows explained per second of the processor, one panel per size of tree."""
    newest = results[-1]
    sizes, trees = newest["found"], newest["asked"]["trees"]
    figure = Figure(figsize=(8.2, 3.0))
    FigureCanvasAgg(figure)
    panels = np.ravel(figure.subplots(1, len(sizes), squeeze=False))
    for axes, (leaves, found) in zip(panels, sizes.items(), strict=True):
        rates = {name: one["rows_per_second"] for name, one in found.items()}
        names = sorted(rates, key=lambda name: rates[name])
        colours = [MODEL if name.startswith("hvc-ml") else MUTED for name in names]
        axes.barh(names, [rates[name] for name in names], color=colours, height=0.66)
        for name in names:
            _says(axes, rates[name], name, f"{rates[name]:,.0f}")
        axes.set(title=f"{trees} trees of {leaves} leaves", xlabel="rows explained per CPU second")
        axes.margins(x=0.2)
        axes.locator_params(axis="x", nbins=4)
        _named(axes)
    return figure


def _says(axes: Axes, x: float, y: float | str, text: str) -> None:
    """A figure behind its bar."""
    axes.annotate(text, (x, y), (4, 0), textcoords="offset points", color=INK, fontsize=9, va="center")


def _named(axes: Axes) -> None:
    """Bars have names, and figures in whole numbers."""
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def end_to_end_figure(results: Sequence[Result]) -> Figure:
    """Seconds of the processor by stage: ours, and the scripts' with as many customers."""
    found = max((result["found"] for result in results), key=lambda found: float(found["train"]["customers"]))
    peers = [peer for peer in ("plain", "thorough") if peer in found]
    beside = [[line.scaled for line in lines(found, peer)] for peer in peers]
    ours = lines(found)
    taken = {line.stage: np.array([line.cpu, *scaled]) for line, *scaled in zip(ours, *beside, strict=True)}
    figure, axes = canvas(f"From log to list, {found['train']['customers']:,} customers", width=8.2, height=3.8)
    parts = {stage: [stage] for stage in SHARED} | {"tests, certificate, page, registry": OURS, REST: [REST]}
    names, starts = ["hvc-ml", *(f"{peer} script" for peer in peers)], np.zeros(1 + len(peers))
    for (part, stages), colour in zip(parts.items(), COLOURS, strict=True):
        seconds = sum((taken[stage] for stage in stages), np.zeros(len(names)))
        axes.barh(names, seconds, left=starts, height=0.6, color=colour, label=part)
        starts = starts + seconds
    for name, total in zip(names, starts, strict=True):
        _says(axes, total, name, f"{total:,.0f}")
    axes.invert_yaxis()
    axes.set(xlabel="CPU seconds", xlim=(0, starts.max() * 1.1))
    _named(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=4, fontsize=9)
    return figure


def refresh_figure(results: Sequence[Result]) -> Figure:
    """Seconds of the processor of a run from nothing and of the night after, by the number of orders."""
    found = {float(result["asked"]["orders"]): result["found"] for result in results}
    figure, axes = canvas("Features with 1 % new orders", width=6.4, height=1.6 + 0.7 * len(found))
    height = 0.8 / len(NIGHTS)
    for i, (name, colour) in enumerate(zip(NIGHTS, (MUTED, LINE, MODEL), strict=True)):
        runs = [found[size].get(name, []) for size in sorted(found)]
        seconds = [statistics.median(run["seconds"] for run in one) if one else 0.0 for one in runs]
        places = np.arange(len(found)) + (i - 1) * height
        axes.barh(places, seconds, height=height * 0.9, color=colour, label=NIGHTS[name])
        for place, value in zip(places, seconds, strict=True):
            _says(axes, value, place, f"{value:,.1f}")
    axes.set_yticks(range(len(found)), [f"{size / 1e6:g} million orders" for size in sorted(found)])
    axes.invert_yaxis()
    axes.set(xlabel="CPU seconds")
    axes.margins(x=0.12)
    _named(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.28), ncols=3, fontsize=9)
    return figure


FIGURES: Final[dict[str, Callable[[Sequence[Result]], Figure]]] = {
    "features": features_figure,
    "refresh": refresh_figure,
    "shap_speed": shap_figure,
    "end_to_end": end_to_end_figure,
}

if __name__ == "__main__":
    main()
