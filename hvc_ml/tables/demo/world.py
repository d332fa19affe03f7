"""A made-up shop that goes on in time: contacts change what becomes of its customers, by effects that are known."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.errors import UsageError
from hvc_ml.tables.demo.actions import RETAIL_ACTIONS
from hvc_ml.tables.demo.courses import Courses
from hvc_ml.tables.demo.draws import Flags, Ints
from hvc_ml.tables.demo.paths import Paths
from hvc_ml.tables.demo.season import make_season
from hvc_ml.tables.demo.settings import BLOCK, DemoSettings, epoch_day, months_before
from hvc_ml.tables.demo.writing import TableFiles

_NAMES: Final = tuple(action.name for action in RETAIL_ACTIONS)


class World:
    """A made-up shop whose log can be read on any day, and whose customers can be contacted.

    Whoever would order nothing within the horizon is saved by a contact with the true save probability of its action on
    that day, and then lives on as an active customer who orders within the horizon. Of those who would have stayed the
    share ``take_up`` takes the offer, and nothing else changes for them or for anybody who is not contacted. Luck
    belongs to customer and day: two worlds of the same settings differ by what was done in them alone.

    Parameters
    ----------
    settings
        A shop (``retail``). Its ``end`` is the day on which contacts may begin.
    months
        How long it goes on after that, 1 to 60. Its customers arrive over the whole span: until ``settings.end`` only
        a part of ``settings.customers`` has come.
    courses
        Worked out already by another world of the same settings; `untouched` passes them on.

    Raises
    ------
    UsageError
        If the settings do not ask for a shop, or the months are out of range.

    Examples
    --------
    >>> world = World(DemoSettings(customers=200, years=1), months=6)
    >>> (str(world.today), str(world.end))
    ('2026-01-01', '2026-07-01')
    >>> ids = world.tables(world.today)["customers"]["customer_id"].to_pylist()
    >>> told = world.contact(ids, ["personal call"] * len(ids), world.today)
    >>> sum(told["saved"].to_pylist()) > 0
    True
    """

    def __init__(self, settings: DemoSettings, *, months: int, courses: Sequence[Courses] | None = None) -> None:
        if settings.kind != "retail" or not 1 <= months <= 60:
            raise UsageError(
                f"a world of kind {settings.kind} for {months} months: expected retail, and 1 to 60 months."
            )
        self.settings = settings
        self.months = months
        self.today = settings.end
        self.end = months_before(settings.end, -months)
        self._courses = tuple(courses or _courses(settings, self.end))
        self._paths = [Paths(block) for block in self._courses]

    def untouched(self) -> "World":
        """The same world in which nobody was contacted; what was worked out of it is shared."""
        return World(self.settings, months=self.months, courses=self._courses)

    def tables(self, day: date) -> dict[str, Any]:
        """The log as it is known on the morning of a day: orders, customers, events (pyarrow.Table).

        Rows are ordered as in the files of ``write_demo``: by block of customers, then by time.

        Raises
        ------
        UsageError
            If the day lies outside the span.
        """
        until, beyond = self._day(day), f"C{self.settings.customers + 1:07d}"
        parts = [paths.tables(until) for paths in self._paths]
        joined = {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
        return {name: table.filter(pc.less(table["customer_id"], beyond)) for name, table in joined.items()}

    def write(self, folder: Path, day: date) -> dict[str, Path]:
        """Write the log of a day to ``folder/data`` as ``write_demo`` does; table -> file."""
        with TableFiles(folder / "data") as data:
            data.add(self.tables(day))
        return data.files()

    def contact(self, customers: Sequence[str], actions: Sequence[str], day: date) -> Any:
        """Contact customers on a day, each with an action; what follows is as `foresee` says.

        Raises
        ------
        UsageError
            As `foresee`; also if the day lies before one of an earlier contact.
        """
        told = self.foresee(customers, actions, day)
        saved = self._places(told["customer_id"])[told["saved"].to_numpy(zero_copy_only=False)]
        self._paths = [
            paths.turned(saved[saved // BLOCK == i] % BLOCK, self._day(day)) for i, paths in enumerate(self._paths)
        ]
        self.today = day
        return told

    def foresee(self, customers: Sequence[str], actions: Sequence[str], day: date) -> Any:
        """What contacts on a day would change, if nothing further is done within the horizon.

        Parameters
        ----------
        customers, actions
            Whom, and with what; a customer at most once.
        day
            Midnight of this day is when the contact happens: nothing before it changes.

        Returns
        -------
        pyarrow.Table
            Rows as given: ``customer_id``, ``action``; ``save_probability``, the true one; ``leaves``: no order on any
            day of ``[day, day + horizon)`` if left alone; ``saved``: orders there if contacted; ``takes``: takes the
            offer, saved or stayer; ``cost`` of contact and offer; ``money_alone`` and ``money_contacted``: net money
            of those days, without and with the contact, before its cost; ``money_saved``: the same with a contact that
            succeeds (for those who would stay ``money_alone``).

        Raises
        ------
        UsageError
            If a customer or an action is unknown, a customer stands twice or has not come yet, or the day lies in the
            past.
        """
        place, action = self._places(pa.array(customers, pa.string())), _codes(actions)
        self._check(place, day)
        found: dict[str, Any] = {"customer_id": pa.array(customers, pa.string()), "action": pa.array(actions)}
        parts = [self._foreseen(i, place, action, self._day(day)) for i in range(len(self._paths))]
        order = np.argsort(np.concatenate([part["at"] for part in parts]), kind="stable")
        columns = (name for name in parts[0] if name != "at")
        return pa.table(found | {name: np.concatenate([part[name] for part in parts])[order] for name in columns})

    def money(self, begin: date, end: date) -> float:
        """Net money of all customers on the days ``[begin, end)``."""
        total = 0.0
        for i, paths in enumerate(self._paths):
            total += float(paths.money(epoch_day(begin), epoch_day(end))[: self.settings.customers - i * BLOCK].sum())
        return total

    def _foreseen(self, block: int, place: Ints, action: Ints, day: int) -> dict[str, Any]:
        """The columns of `foresee` for the rows (``at``) that lie in one block."""
        at = np.flatnonzero(place // BLOCK == block)
        row, code, paths = place[at] % BLOCK, action[at], self._paths[block]
        until, alone = day + self.settings.horizon, paths.money(day, day + self.settings.horizon)[row]
        chance = paths.save_chances(row, day)[np.arange(len(row)), code]
        luck = paths.courses.won_back(day).luck[row]
        leaves = paths.orders(day, until)[row] == 0
        saved = leaves & (luck[:, 0] < chance)
        contact, offer, take_up = (
            np.array([getattr(a, name) for a in RETAIL_ACTIONS])[code] for name in ("contact", "offer", "take_up")
        )
        if_saved = np.where(leaves, paths.turned(row[leaves], day).money(day, until)[row], alone)
        takes = np.where(leaves, saved, luck[:, 1] < take_up) & (offer > 0)
        return {
            "at": at,
            "save_probability": chance,
            "leaves": leaves,
            "saved": saved,
            "takes": takes,
            "cost": contact + offer * takes,
            "money_alone": alone,
            "money_contacted": np.where(saved, if_saved, alone),
            "money_saved": if_saved,
        }

    def _places(self, ids: Any) -> Ints:
        """The running number of each customer."""
        known = pc.match_substring_regex(ids, r"^C\d{7}$")
        number = pc.if_else(known, pc.utf8_slice_codeunits(ids, 1), "0").cast(pa.int64())
        place = np.asarray(number.to_numpy(zero_copy_only=False), dtype=np.int64) - 1
        wrong = (place < 0) | (place >= self.settings.customers)
        if wrong.any():
            raise UsageError(f"{int(wrong.sum()):,} of {len(place):,} customers are unknown to this world.")
        return place

    def _check(self, place: Ints, day: date) -> None:
        if not self.today <= day <= self.end:
            raise UsageError(f"a contact on {day}: expected a day from {self.today} to {self.end}.")
        if len(np.unique(place)) != len(place):
            raise UsageError("a customer stands twice among the contacts of a day. Contact each at most once.")
        early = ~self._come(place, self._day(day))
        if early.any():
            raise UsageError(f"{int(early.sum()):,} of {len(place):,} customers have not come by {day}.")

    def _come(self, place: Ints, day: int) -> Flags:
        """Whether the first order lies before a day."""
        signup = np.concatenate([courses.buyers.signup for courses in self._courses])
        return np.asarray(np.floor(signup[place]) < day)

    def _day(self, day: date) -> int:
        if not self.settings.start < day <= self.end:
            raise UsageError(f"{day} lies outside this world: expected a day up to {self.end}.")
        return epoch_day(day)


def _courses(settings: DemoSettings, end: date) -> list[Courses]:
    """One per block of customers."""
    season = make_season(settings.start, end, settings.horizon + 1)
    return [Courses(settings.seed, i, season, settings.horizon) for i in range(settings.blocks)]


def _codes(actions: Sequence[str]) -> Ints:
    """Positions in ``RETAIL_ACTIONS``."""
    unknown = sorted({action for action in actions if action not in _NAMES})
    if unknown:
        raise UsageError(f"no such action: {', '.join(unknown)}. Expected one of: {', '.join(_NAMES)}.")
    return np.array([_NAMES.index(action) for action in actions], dtype=np.int64)
