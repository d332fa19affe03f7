"""The grade of a run: how much its history can prove, and what data would lift it."""

from dataclasses import dataclass
from typing import Final, Literal

Letter = Literal["A", "B", "C", "D"]

MANY_CUSTOMERS: Final = 2_000
SOME_CUSTOMERS: Final = 500
MANY_TESTS: Final = 3
FULL: Final = ("boosted", "blended")
"""Rungs of the ladder on which trees have learned from earlier cutoffs."""


@dataclass(frozen=True)
class Grade:
    """A letter, why, and what data would lift it (None at A)."""

    letter: Letter
    reason: str
    lift: str | None


def grade(
    *, rung: str, tests: int, customers: int, history_days: int, horizon: int, possible: int | None = None
) -> Grade:
    """Grade what a history can train and prove.

    Parameters
    ----------
    rung
        What was fitted: ``"boosted"`` and ``"blended"`` are full models, ``"heuristic"`` and ``"prior"`` smaller ones.
    tests
        Test cutoffs, whole horizons apart from what was fitted.
    customers
        Customers in the test rows (or, before training, in the population).
    history_days
        Days between the first order and the data's end.
    horizon
        Days that labels look ahead.
    possible
        Test cutoffs that the history would allow; as many as there were where None.

    Returns
    -------
    Grade
        A: full model, at least three test cutoffs, at least 2,000 customers, a full year before the first horizon.
        B: full model, tested out of time. C: the prior alone, or few customers, but tested out of time.
        D: nothing could be tested on later data.

    Examples
    --------
    >>> grade(rung="boosted", tests=3, customers=5_000, history_days=800, horizon=90).letter
    'A'
    >>> low = grade(rung="prior", tests=0, customers=5_000, history_days=100, horizon=90)
    >>> low.letter, low.lift
    ('D', 'about 4 months more of orders, so that a cutoff has its whole horizon before the data end.')
    """
    facts = f"{customers:,} customers, {history_days:,} days of orders, {_cutoffs(tests)}"
    if tests < 1:
        months = max(1, round((2 * horizon + 30 - history_days) / 30)) if history_days < 2 * horizon + 30 else 1
        lift = f"about {_months(months)} more of orders, so that a cutoff has its whole horizon before the data end."
        return Grade("D", f"Nothing could be tested on later data ({facts}).", lift)
    if rung not in FULL or customers < SOME_CUSTOMERS:
        why = "few customers" if customers < SOME_CUSTOMERS else f"the model stands on the {rung} alone"
        return Grade("C", f"Tested on later data, but {why} ({facts}).", _lift_c(customers, history_days, horizon))
    short = _what_is_short(tests, possible or tests, customers, history_days, horizon)
    if short:
        return Grade("B", f"Full model, tested on later data ({facts}).", f"{' and '.join(short)}.")
    return Grade("A", f"Full model, tested on several later cutoffs ({facts}).", None)


def _what_is_short(tests: int, possible: int, customers: int, history_days: int, horizon: int) -> list[str]:
    short = []
    if tests < MANY_TESTS <= possible:
        short.append(f"calendar.tests: {MANY_TESTS}, which the history allows")
    elif tests < MANY_TESTS:
        more = MANY_TESTS - tests
        short.append(f"about {_months(more)} more of orders ({MANY_TESTS} test cutoffs instead of {tests})")
    elif history_days < 365 + horizon:
        short.append(f"{365 + horizon - history_days:,} days more of orders (a full year before the first horizon)")
    if customers < MANY_CUSTOMERS:
        short.append(f"at least {MANY_CUSTOMERS:,} customers instead of {customers:,}")
    return short


def _lift_c(customers: int, history_days: int, horizon: int) -> str:
    if customers < SOME_CUSTOMERS:
        return f"at least {SOME_CUSTOMERS:,} customers instead of {customers:,}."
    wanted = 4 * horizon
    days = max(wanted - history_days, horizon)
    return f"about {_months(max(1, round(days / 30)))} more of orders, so that boosting has cutoffs to learn from."


def _months(n: int) -> str:
    return f"{n} month{'s' * (n != 1)}"


def _cutoffs(n: int) -> str:
    return f"{n} test cutoff{'s' * (n != 1)}"
