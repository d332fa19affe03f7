"""Validate config and data, and say what can be trained on them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw

from hvc_ml.config import Project
from hvc_ml.errors import DataError
from hvc_ml.evaluation.grade import Grade, grade
from hvc_ml.population import population_at
from hvc_ml.progress import Stages
from hvc_ml.tables.checks import TableReport
from hvc_ml.workflows.arrivals import collapsed, today
from hvc_ml.workflows.shop import Shop, open_shop


@dataclass(frozen=True)
class CheckResult:
    """What `check` found."""

    grade: Grade
    reports: dict[str, TableReport]
    first: date
    end: date
    longest_gap: int
    newest_days_ago: int
    problems: tuple[str, ...]
    seconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """The contract's fields."""
        return {
            "grade": self.grade.letter,
            "grade_reason": self.grade.reason,
            "grade_lift": self.grade.lift,
            "tables": {name: _table(report) for name, report in self.reports.items()},
            "span": {
                "first": self.first.isoformat(),
                "end": self.end.isoformat(),
                "days": (self.end - self.first).days,
                "longest_gap_days": self.longest_gap,
                "newest_days_ago": self.newest_days_ago,
            },
            "problems": list(self.problems),
            "seconds": self.seconds,
        }


def check(project: Project, *, strict: bool, stages: Stages) -> CheckResult:
    """Read the tables, check them, and grade what can be trained.

    Raises
    ------
    DataError
        If the data are refused; with ``strict`` also for warnings.
    """
    with open_shop(project, stages) as shop:
        gap = _longest_gap(shop)
        found = [*(w for r in shop.reports.values() for w in (*(b.says for b in r.breaches), *r.warnings))]
        found += collapsed(project, shop.reports, shop.now)
        if gap > max(14, (shop.now - shop.timeline.first).days // 20):
            found.append(f"orders: {gap:,} days in a row without any; was a load missed?")
        if strict and found:
            raise DataError(f"--strict: {len(found)} warnings: {' '.join(found)}")
        return CheckResult(
            grade=_grade(shop),
            reports=shop.reports,
            first=shop.timeline.first,
            end=shop.now,
            longest_gap=gap,
            newest_days_ago=(today(project) - shop.now).days + 1,
            problems=tuple(found),
            seconds=stages.seconds,
        )


def _grade(shop: Shop) -> Grade:
    """What the calendar allows, before anything is trained."""
    line = shop.timeline
    mature = line.mature(line.end)
    rung = "boosted" if mature and line.split(mature[-1]).by != "nothing" else "prior"
    customers = shop.engine.count(population_at(shop.tables, mature[-1] if mature else line.end, None))
    tests = len(line.tests(3)) if mature else 0
    days = (line.end - line.first).days
    horizon = shop.project.config.labels.horizon
    return grade(rung=rung, tests=tests, customers=customers, history_days=days, horizon=horizon)


def _longest_gap(shop: Shop) -> int:
    """The most days in a row without any order."""
    days = shop.tables.orders.select("day").unique()
    gaps = days.with_columns(gap=nw.col("day") - nw.col("day").shift(1).over(order_by="day"))
    found = shop.engine.arrow(gaps.select(nw.col("gap").max()))["gap"][0].as_py()
    return max(0, (found or 1) - 1)


def _table(report: TableReport) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "kept": report.kept,
        "rejected": report.rejected,
        "deduplicated": report.deduplicated,
        "reasons": dict(report.reasons),
        "orders": report.orders,
        "breaches": [vars(b) for b in report.breaches],
        "warnings": list(report.warnings),
    }
