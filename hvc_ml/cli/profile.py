"""``hvc-ml profile``."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hvc_ml.cli.console import Console, console
from hvc_ml.cli.options import HERE, ConfigPath, Json, Quiet, Verbose, as_date

if TYPE_CHECKING:
    from hvc_ml.workflows.profile import ProfileResult

MARKS: Final = {"green": "▲", "red": "▼", "none": "", "grey": "·"}
WIDEST: Final = 6
"""Segments of one attribute that the terminal shows; --json and --to have all."""


def profile(
    *,
    config: ConfigPath = HERE,
    cutoff: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Look back from this midnight; default after the newest order."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write tables (CSV), charts (SVG) and profile.json there.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Who the high-value customers are: concentration, tiers, segments against the average, moves and journeys.

    Needs no model. What counts as high-value, costs to serve and attributes to compare are set under profile: in
    hvc.yaml.

    Examples:

      hvc-ml profile

      hvc-ml profile --cutoff 2026-01-01 --to profile --json
    """
    from hvc_ml.config import load_config  # noqa: PLC0415
    from hvc_ml.workflows import profile as workflow  # noqa: PLC0415

    with console(as_json=as_json, verbose=verbose, quiet=quiet) as out:
        result = workflow.profile(load_config(config), cutoff=as_date(cutoff), to=to, stages=out.stages)
        out.result(result.as_json(), lambda: _show(out, result))


def _show(out: Console, result: "ProfileResult") -> None:
    for part in (_who, _concentration, _value, _segments, _contrast, _moves, _journeys, _others):
        part(out, result)
        out.line()
    for note in result.notes:
        out.line(note)
    if result.written:
        out.line(f"Tables and charts: {result.written}")


def _who(out: Console, result: "ProfileResult") -> None:
    n = int(result.groups["customers"].iloc[0])
    out.line(f"{n:,} customers at {result.cutoff}. High-value are {result.says}.")
    out.line()
    rows = [
        (g.group, f"{g.customers:,}", _share(g.share_of_customers), result.money(g.value), _share(g.share_of_value))
        for g in _rows(result.groups)
    ]
    out.table(("group", "customers", "", "12 months", ""), rows, right=(1, 2, 3, 4))


def _concentration(out: Console, result: "ProfileResult") -> None:
    out.line("80 % of the money comes from (folklore: 20 % of the customers):")
    rows = [
        (
            name.replace("_", " "),
            f"{found['begin']} to {found['end']}",
            f"{found['customers']:,.0f}",
            *(_share(found[c]) for c in ("share_for_80", "top_1", "top_5", "top_10", "top_20")),
            _number(found["gini"]),
        )
        for name, found in result.concentration.spans.items()
    ]
    heads = ("span", "orders", "customers", "bring 80 %", "top 1 %", "top 5 %", "top 10 %", "top 20 %", "Gini")
    out.table(heads, rows, right=range(2, 9))


def _value(out: Console, result: "ProfileResult") -> None:
    parts = [c for c in map(str, result.value) if c not in {"group", "customers", "below_zero"}]
    if len(parts) < 3:  # what is spent is all there is to it
        out.line("The value of 12 months is what was spent: no discounts, costs or referrals are known.")
        return
    out.line("Value of 12 months, part by part; the last column counts those who cost more than they bring:")
    rows = [
        (row["group"], *(result.money(float(row[p])) for p in parts), f"{row['below_zero']:,}")
        for row in result.value.to_dict("records")
    ]
    heads = ("group", *(p.replace("_", " ") for p in parts), "below 0")
    out.table(heads, rows, right=range(1, len(heads)))


def _segments(out: Console, result: "ProfileResult") -> None:
    out.line(
        "Against the average of all: ▲ better, ▼ worse (95 %, many comparisons counted), · fewer than 30 customers."
    )
    if result.outcomes_at:
        out.line(f"Churned, future value and orders: what came true after {result.outcomes_at}.")
    for by, table in result.kpis.groupby("by", sort=False):
        names = list(dict.fromkeys(table["segment"]))[:WIDEST]
        rows = [_figures(result, str(kpi), cells, names) for kpi, cells in table.groupby("kpi", sort=False)]
        out.line()
        _coloured((str(by), "all", *names), rows)
        if hidden := table["segment"].nunique() - len(names):
            out.line(f"({hidden} more: --to FOLDER or --json)")


def _figures(result: "ProfileResult", kpi: str, cells: Any, names: Sequence[str]) -> list[tuple[str, str]]:
    """One line of the table of segments: words and their colour."""
    found = {c.segment: c for c in _rows(cells)}
    line = [(kpi.replace("_", " "), ""), (result.figure(kpi, float(cells["company"].iloc[0])), "")]
    for name in names:
        cell = found.get(name)
        verdict = "grey" if cell is None else cell.verdict
        words = "" if cell is None else f"{result.figure(kpi, cell.mean)} {MARKS[verdict]}"
        line.append((words, {"green": "green", "red": "red", "grey": "bright_black"}.get(verdict, "")))
    return line


def _contrast(out: Console, result: "ProfileResult") -> None:
    out.line("What sets high-value customers apart most, family by family (in standard deviations):")
    top = result.differences.drop_duplicates("family")
    rows = [
        (
            c.family,
            c.feature.replace("_", " ") + (f" = {c.level}" if c.level else ""),
            _share(c.high_value) if c.level else result.figure(c.feature, c.high_value),
            _share(c.others) if c.level else result.figure(c.feature, c.others),
            f"{c.difference:+.2f}",
        )
        for c in _rows(top)
    ]
    out.table(("family", "feature", "high-value", "others", "difference"), rows, right=(2, 3, 4))


def _moves(out: Console, result: "ProfileResult") -> None:
    moves = result.moves
    if moves is None:
        out.line("The orders do not reach back far enough to see who moved between tiers.")
        return
    counts = moves.counts()
    out.line(f"From {moves.cutoffs[0]} (rows) to {moves.cutoffs[-1]} (columns):")
    rows = [(name, *(f"{n:,}" for n in line)) for name, line in zip(counts.index, counts.to_numpy(), strict=True)]
    out.table(("", *map(str, counts.columns)), rows, right=range(1, counts.shape[1] + 1))
    for kind, words in (("into", "Into"), ("out_of", "Out of")):
        out.line()
        out.line(f"{words} {moves.names[0]}:")
        ways = moves.ways[kind]
        told = [(w.path, f"{w.customers:,}", _share(w.share)) for w in _rows(ways)]
        out.table(("path", "customers", ""), told, right=(1, 2))


def _journeys(out: Console, result: "ProfileResult") -> None:
    out.line("Days to the next order, those who may yet come included (never: not within the log):")
    rows = [
        (
            f"{name} order",
            f"{j.customers:,}",
            *("never" if q is None else f"{q:,}" for q in j.quartiles),
            ", ".join(f"{_share(share)} in {days} d" for days, share in j.within.items()),
        )
        for name, j in result.journeys.items()
    ]
    out.table(("", "customers", "a quarter", "half", "three quarters", ""), rows, right=(1, 2, 3, 4))


def _others(out: Console, result: "ProfileResult") -> None:
    out.line("Win-back: dormant customers, and the money of their last 12 active months:")
    rows = [
        (
            w.silent,
            f"{w.customers:,}",
            result.money(w.value),
            result.money(w.median_value),
            f"{w.as_good_as_high_value:,}",
        )
        for w in _rows(result.win_back)
    ]
    out.table(("silent", "customers", "value", "median", "as good as high-value"), rows, right=(1, 2, 3, 4))
    if not len(result.advocates):
        return
    out.line()
    out.line("Advocates: last survey answered with 9 or 10, or somebody referred.")
    columns = [c for c in map(str, result.advocates) if c not in {"group", "share"}]
    lines = [
        (row["group"], *(_number(row[c], 0) for c in columns), _share(row["share"]))
        for row in result.advocates.to_dict("records")
    ]
    heads = ("group", *columns, "share")
    out.table(heads, lines, right=range(1, len(heads)))


def _coloured(columns: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    """A table whose cells have a colour each, on a terminal."""
    import sys  # noqa: PLC0415 # beside what it is for

    from rich.console import Console as RichConsole  # noqa: PLC0415 # .1 s
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from hvc_ml.cli.console import printable  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(printable(column), justify="right" if i else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(words), style=colour) for words, colour in row))
    width = None if sys.stdout.isatty() else 160
    RichConsole(width=width, markup=False, highlight=False, soft_wrap=False).print(table)


def _rows(table: Any) -> list[Any]:
    """The rows of a table, their columns as attributes."""
    return list(table.itertuples(index=False))


def _share(share: float | None) -> str:
    return "" if share is None or share != share else f"{share:.1%}"  # noqa: PLR0124 # NaN is unlike itself


def _number(number: float | None, digits: int = 2) -> str:
    return "" if number is None or number != number else f"{number:,.{digits}f}"  # noqa: PLR0124 # same
