"""The book's chapter about the high-value customers, from a profile."""

import math
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from hvc_ml.explanation.formatting import count, share
from hvc_ml.report.book_parts import Cell, Chapter, Chart, Table, Tone, cells
from hvc_ml.report.profile_charts import contrast_chart, whale_chart
from hvc_ml.workflows.book_figures import WORDS
from hvc_ml.workflows.profile import ProfileResult
from hvc_ml.workflows.profile_customers import ALL, HIGH
from hvc_ml.workflows.profile_moves import Moves

MARKS: Final[dict[str, tuple[str, Tone]]] = {
    "green": (" ▲", "good"),
    "red": (" ▼", "bad"),
    "none": ("", ""),
    "grey": (" ·", "faint"),
}


def people(found: ProfileResult) -> Chapter:
    """Who the high-value customers are: concentration, tiers, figures against the average, moves."""
    return Chapter(
        "people",
        "Who our high-value customers are",
        tuple(_lines(found)),
        tuple(_tables(found)),
        tuple(_charts(found)),
    )


def _lines(found: ProfileResult) -> Iterator[str]:
    counts = dict(zip(found.groups["group"], found.groups["customers"].astype(int), strict=True))
    n, high = counts[ALL], counts[HIGH]
    yield f"{high:,} of {n:,} customers are high-value: {found.says}."
    year = found.concentration.spans.get("twelve_months")
    if year is not None and math.isfinite(year["share_for_80"]):
        yield (
            f"Of all who ordered in the last 12 months, {share(year['share_for_80'])} brought 80 % of the money "
            f"(folklore says 20 %), and the top 20 % brought {share(year['top_20'])}."
        )
    yield from found.notes


def _tables(found: ProfileResult) -> Iterator[Table]:
    yield Table(
        "Customers and their money",
        ("", "Customers", "Share of customers", "Money of 12 months", "Share of money"),
        tuple(
            cells(
                g.group, count(g.customers), share(g.share_of_customers), found.money(g.value), share(g.share_of_value)
            )
            for g in _rows(found.groups)
        ),
    )
    outcomes = f" Churned and future figures are what came true after {found.outcomes_at}." if found.outcomes_at else ""
    for by, table in found.kpis.groupby("by", sort=False):
        yield Table(
            f"Figures by {str(by).replace('_', ' ')}, beside the average of all",
            ("", "all", *dict.fromkeys(map(str, table["segment"]))),
            tuple(_figures(found, str(kpi), part) for kpi, part in table.groupby("kpi", sort=False)),
            f"▲ better, ▼ worse than the average beyond chance; · fewer than 30 customers.{outcomes}",
        )
    if found.moves is not None:
        yield _moved(found.moves)


def _figures(found: ProfileResult, kpi: str, table: pd.DataFrame) -> tuple[Cell, ...]:
    average = found.figure(kpi, float(table["company"].iloc[0]))
    own = []
    for cell in _rows(table):
        mark, tone = MARKS[cell.verdict]
        own.append(Cell(found.figure(kpi, cell.mean) + mark, tone))
    return (Cell(WORDS.get(kpi, kpi.replace("_", " "))), Cell(average), *own)


def _moved(moves: Moves) -> Table:
    counts, cutoffs = moves.counts(), moves.cutoffs
    rows = []
    for name, line in zip(counts.index, counts.to_numpy(), strict=True):
        total = int(line.sum())
        shown = [f"{n:,} ({share(n / total)})" if total else f"{n:,}" for n in line]
        rows.append(
            tuple(
                Cell(words, "strong" if str(name) == str(column) else "")
                for words, column in zip((str(name), *shown), ("", *counts.columns), strict=True)
            )
        )
    return Table(
        f"Who moved between tiers from {cutoffs[0]} to {cutoffs[-1]}",
        (f"on {cutoffs[0]}", *(f"now {c}" for c in counts.columns)),
        tuple(rows),
        f"Each row: where those of a tier on {cutoffs[0]} are now, with shares of the row.",
    )


def _charts(found: ProfileResult) -> Iterator[Chart]:
    spans = found.concentration.spans
    if spans:
        eighty = {name: figures["share_for_80"] for name, figures in spans.items()}
        figure = whale_chart(found.concentration.whale, eighty)
        yield Chart("How concentrated the money is", figure, "The steeper the curve begins, the fewer bring the money.")
    if len(found.differences):
        figure = contrast_chart(found.differences)
        says = "What sets high-value customers apart from the others; to the right: they have more of it."
        yield Chart("What sets high-value customers apart", figure, says)


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples(index=False))
