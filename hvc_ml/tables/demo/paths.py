"""Which course each customer follows, from when to when: what contacts have made of their lives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.courses import Book, Course, Courses
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, at_midnight, stamps
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS
from hvc_ml.tables.demo.retail import save_chances

_ALWAYS, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass
class Stretch:
    """A course and the days ``[begin, end)`` for which each customer follows it (an empty stretch: not at all)."""

    course: Course
    begin: Ints
    end: Ints

    def holds(self, row: Ints, day: Ints) -> Flags:
        """Whether these customers follow the course on these days."""
        return np.asarray((day >= self.begin[row]) & (day < self.end[row]))

    def recorded(self, book: Book, until: int) -> Any:
        """Rows of a book of the course that came true and were recorded before a day."""
        always = book.of < 0
        kept = (always & (self.begin[book.row] == _ALWAYS)) | (~always & self.holds(book.row, book.of))
        return book.table.filter(pa.array(kept & (book.day < until)))


class Paths:
    """The customers of one block, and how contacts moved them from course to course."""

    def __init__(self, courses: Courses) -> None:
        n = len(courses.number)
        self.courses = courses
        self._stretches = [Stretch(courses.first, np.full(n, _ALWAYS), np.full(n, _NEVER))]

    def tables(self, until: int) -> dict[str, Any]:
        """Everything recorded before a day: orders, customers, events, each by time."""
        orders = pa.concat_tables([s.recorded(s.course.orders, until) for s in self._stretches])
        events = pa.concat_tables([s.recorded(s.course.events, until) for s in self._stretches])
        customers = self.courses.customers
        come = customers["signed_up_at"].to_numpy() < stamps(at_midnight(np.array([float(until)]))).to_numpy()
        return {
            "orders": _by_time(orders, "ordered_at"),
            "customers": customers.filter(pa.array(come)),
            "events": _by_time(events, "happened_at"),
        }

    def orders(self, begin: int, end: int) -> Ints:
        """How many orders each customer makes on the days ``[begin, end)``."""
        found = np.zeros(len(self.courses.number), dtype=np.int64)
        for stretch in self._stretches:
            till = stretch.course.till
            made = stretch.holds(till.row, till.day) & (till.day >= begin) & (till.day < end)
            found += np.bincount(till.row[made], minlength=len(found))
        return found

    def money(self, begin: int, end: int) -> Floats:
        """Each customer's orders of the days ``[begin, end)``, less what is paid back on them."""
        found = np.zeros(len(self.courses.number))
        for stretch in self._stretches:
            till = stretch.course.till
            here = stretch.holds(till.row, till.day)
            paid = here & (till.day >= begin) & (till.day < end)
            back = here & (till.refund_day >= begin) & (till.refund_day < end)
            found += np.bincount(till.row[paid], till.amount[paid], len(found))
            found -= np.bincount(till.row[back], till.refund[back], len(found))
        return found / 100.0

    def turned(self, row: Ints, day: int) -> "Paths":
        """The same customers, of whom these live on as won back from a day on."""
        then = Paths(self.courses)
        then._stretches = [Stretch(s.course, s.begin, _cut(s, row, day)) for s in self._stretches]
        begin = np.full(len(self.courses.number), _NEVER)
        begin[row] = day
        then._stretches.append(Stretch(self.courses.won_back(day), begin, np.full(len(begin), _NEVER)))
        return then

    def save_chances(self, row: Ints, day: int) -> Floats:
        """P(a customer who would leave is saved) by action, for contacts on a day, shape (len(row), actions)."""
        lately = np.zeros(len(self.courses.number), dtype=np.bool_)
        gone_at = np.zeros(len(lately))
        for stretch in self._stretches:
            complaints, now = stretch.course.lives.complaints, stretch.holds(np.arange(len(lately)), np.array(day))
            near = (complaints.at < day) & (complaints.at >= day - 2 * COMPLAINT_DAYS)
            near &= stretch.holds(complaints.row, np.floor(complaints.at).astype(np.int64))
            lately[complaints.row[near]] = True
            gone_at[now] = stretch.course.lives.gone_at[now]
        return save_chances(self.courses.buyers, row, lately[row], np.maximum(day - gone_at[row], 0.0))


def _cut(stretch: Stretch, row: Ints, day: int) -> Ints:
    """Ends of a stretch that these customers leave on a day."""
    end = stretch.end.copy()
    end[row] = np.minimum(end[row], day)
    return end


def _by_time(table: Any, moment: str) -> Any:
    """Rows by time, ties as they came; the parts are in order already."""
    times = table[moment].to_numpy()
    return table.take(pa.array(np.argsort(times, kind="stable")))
