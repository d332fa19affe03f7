"""Validate config and data, and say what can be trained on them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hvc_ml.config import Project
from hvc_ml.errors import NotEnoughData
from hvc_ml.evaluation.grade import Grade, grade
from hvc_ml.progress import Stages
from hvc_ml.tables.checks import TableReport
from hvc_ml.workflows.shop import Shop, open_shop


@dataclass(frozen=True)
class CheckResult:
    """What `check` found."""

    grade: Grade
    reports: dict[str, TableReport]
    first: date
    end: date
    longest_gap: int
    problems: tuple[str, ...]
    seconds: dict[str, float]
