"""The walk over each customer's rows, compiled by Numba at the first call, and kept on disk.

One customer's rows of one table are a few dozen numbers that fit the processor's first cache. They are read once, every
selection is counted and summed up to each row, and whatever window of whatever cutoff is asked for is then a difference
of two of those sums. All arithmetic is of integers until the last step, so the numbers are those of any other executor.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

MISSING: Final = np.iinfo(np.int64).min
NARROW_MISSING: Final = np.iinfo(np.int32).min
NEVER: Final = np.iinfo(np.int64).max

ABOVE, EQUAL, ONE_OF, KNOWN = range(4)
"""Tests of a column."""
SUM, SQUARES, LEAST, LARGEST, LINKS = range(5)
"""What is summed up of a column from row to row."""
COUNT, TOTAL, MEAN, SMALLEST, BIGGEST, SPREAD, DISTINCT, LATEST, YOUNGEST, OLDEST, NEWEST = range(11)
"""What is asked for; the last three are of the age."""


class Rows(NamedTuple):
    """Rows of one table, sorted by customer and day: see `hvc_ml.compiled.events`."""

    begins: Any
    ends: Any
    days: Any
    known: Any
    narrow: Any
    wide: Any


class Plan(NamedTuple):
    """What to compute of one table: see `hvc_ml.compiled.program`."""

    cutoffs: Any
    thresholds: Any
    lower: Any
    upper: Any
    places: Any
    special: Any
    tests: Any
    sets: Any
    selections: Any
    measures: Any
    wanted: Any
    units: Any


class Scratch(NamedTuple):
    """One customer's rows, and what is summed up over them; ``[..., i]`` is of the first ``i`` rows."""

    days: Any
    values: Any
    passed: Any
    counts: Any
    latest: Any
    sums: Any
    knowns: Any
    highs: Any
    at: Any
    slots: Any


def _jit(function: Any) -> Any:
    """Compile what Python calls; where no place on disk may be written, each process compiles anew."""
    return _compiled(function)


def _walk(function: Any) -> Any:
    """Compile what allocates nothing: then nobody counts who refers to an array, which takes longer than the walk."""
    return _compiled(function, _nrt=False)


def _compiled(function: Any, **how: bool) -> Any:
    try:
        return njit(cache=True, nogil=True, error_model="numpy", **how)(function)
    except RuntimeError:
        return njit(nogil=True, error_model="numpy", **how)(function)


def _part(function: Any) -> Any:
    """Compile what only compiled code calls: without a door for Python, which takes most of the time."""
    how = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}
    return njit(nogil=True, error_model="numpy", _nrt=False, **how)(function)


@_part
def before(when: int, moment: int) -> bool:
    """The one predicate in time of this executor.

    `hvc_ml.timeline.history` says what is history; this is its second telling, held to it by the law that both
    executors give the same bits (tests/compiled/test_same_bits.py). A row is history when its day and its arrival are
    before the cutoff; a contract's end is known when it is; windows are cut by it.
    """
    return when < moment


@_jit
def edges(ends: Any, text: Any, days: Any) -> tuple[Any, bool]:
    """Rows whose customer is another than the row's before, and whether customers and their days go up.

    Parameters
    ----------
    ends : ndarray of int32, shape (rows + 1,)
        Where each row's customer ends in ``text``, byte by byte.
    text : ndarray of uint8
        All customers.
    days : ndarray of int32, shape (rows,)
    """
    found = np.empty(len(days), np.int64)
    n = 0
    for i in range(1, len(days)):
        a, b, c = ends[i - 1], ends[i], ends[i + 1]
        k, least = 0, min(b - a, c - b)
        while k < least and text[a + k] == text[b + k]:
            k += 1
        if k == b - a and k == c - b:
            if before(days[i], days[i - 1]):
                return found[:n], False
            continue
        if k == c - b or (k < least and text[b + k] < text[a + k]):
            return found[:n], False
        found[n] = i
        n += 1
    return found[:n], True


@_part
def _order(ends: Any, text: Any, i: int, more_ends: Any, more: Any, j: int) -> int:
    """Whether one text comes before (-1), is (0) or comes after (1) another, byte by byte."""
    a, b = ends[i], more_ends[j]
    size, length = ends[i + 1] - a, more_ends[j + 1] - b
    for k in range(min(size, length)):
        if text[a + k] != more[b + k]:
            return -1 if text[a + k] < more[b + k] else 1
    if size == length:
        return 0
    return -1 if size < length else 1


@_jit
def meet(ends: Any, text: Any, more_ends: Any, more: Any) -> Any:
    """Where each text of the union of two lists lies in them; -1 where it does not. Each is sorted, no text twice.

    Parameters
    ----------
    ends, more_ends : ndarray of int32, shape (texts + 1,)
        Where each list's texts end in ``text`` and ``more``, byte by byte.
    text, more : ndarray of uint8

    Returns
    -------
    ndarray of int64, shape (2, texts of the union)
    """
    found = np.empty((2, len(ends) + len(more_ends) - 2), np.int64)
    i, j, n = 0, 0, 0
    while i < len(ends) - 1 or j < len(more_ends) - 1:
        if i == len(ends) - 1:
            order = 1
        else:
            order = -1 if j == len(more_ends) - 1 else _order(ends, text, i, more_ends, more, j)
        found[0, n] = i if order <= 0 else -1
        found[1, n] = j if order >= 0 else -1
        i += order <= 0
        j += order >= 0
        n += 1
    return found[:, :n]


@_jit
def interleave(places: Any, begins: Any, ends: Any, days: Any, more_begins: Any, more_ends: Any, more_days: Any) -> Any:
    """In which runs the rows of two tables follow each other, customer by customer and day by day.

    Parameters
    ----------
    places : ndarray of int64, shape (2, customers)
        As of `meet`, of the customers of both tables.
    begins, ends, days, more_begins, more_ends, more_days : ndarray
        Rows of each table's customers, which lie side by side, and their days.

    Returns
    -------
    runs : ndarray of int64, shape (runs, 2)
        So many rows of the one table, then so many of the other.
    starts : ndarray of int64, shape (customers + 1,)
        Where the rows of each customer begin.
    """
    runs = np.zeros((len(more_days) + 1, 2), np.int64)
    starts = np.zeros(places.shape[1] + 1, np.int64)
    r = 0
    for c in range(places.shape[1]):
        a, b = places[0, c], places[1, c]
        i, end = (begins[a], ends[a]) if a >= 0 else (0, 0)
        j, stop = (more_begins[b], more_ends[b]) if b >= 0 else (0, 0)
        starts[c + 1] = starts[c] + end - i + stop - j
        while i < end or j < stop:
            k = i
            while i < end and (j == stop or not before(more_days[j], days[i])):
                if j == stop:
                    i = end
                else:
                    i += 1
            r += i > k and runs[r, 1] > 0
            runs[r, 0] += i - k
            while j < stop and (i == end or before(more_days[j], days[i])):
                runs[r, 1] += 1
                j += 1
    return runs[: r + 1], starts


@_part
def _copy(numbers: Any, out: Any) -> None:
    for i in range(len(numbers)):
        out[i] = numbers[i]


@_walk
def splice(runs: Any, rows: Any, more: Any, out: Any) -> None:
    """Put a column of two tables together in the runs of `interleave`."""
    i, j, n = 0, 0, 0
    for r in range(len(runs)):
        a, b = runs[r, 0], runs[r, 1]
        _copy(rows[i : i + a], out[n : n + a])
        _copy(more[j : j + b], out[n + a : n + a + b])
        i, j, n = i + a, j + b, n + a + b


@_part
def _value(rows: Any, places: Any, column: int, i: int) -> Any:
    at = places[column, 1]
    if places[column, 0]:
        return rows.wide[at, i]
    value = rows.narrow[at, i]
    return MISSING if value == NARROW_MISSING else np.int64(value)


@_part
def _has_late(rows: Any, begin: int, end: int, now: int) -> bool:
    """Whether a row happened before the cutoff and arrived at it or later."""
    if not len(rows.known):
        return False
    for i in range(begin, end):
        if not before(rows.days[i], now):
            return False
        if not before(rows.known[i], now):
            return True
    return False


@_part
def _view_of_all(rows: Any, plan: Any, begin: int, end: int, s: Any) -> None:
    """Read all rows, column by column."""
    _copy(rows.days[begin:end], s.days)
    for c in range(len(plan.places)):
        values, at = s.values[c], plan.places[c, 1]
        if plan.places[c, 0]:
            _copy(rows.wide[at, begin:end], values)
            continue
        narrow = rows.narrow[at, begin:end]
        for i in range(len(narrow)):
            values[i] = MISSING if narrow[i] == NARROW_MISSING else np.int64(narrow[i])


@_part
def _view(rows: Any, plan: Any, begin: int, end: int, now: int, s: Any) -> int:
    """Read the rows that are history at a cutoff; `NEVER` reads all of them."""
    age, ends = plan.special[0], plan.special[1]
    if now == NEVER and age < 0:
        _view_of_all(rows, plan, begin, end, s)
        return end - begin
    n = 0
    for i in range(begin, end):
        if not before(rows.days[i], now):
            break
        if now != NEVER and len(rows.known) and not before(rows.known[i], now):
            continue
        s.days[n] = rows.days[i]
        for c in range(len(plan.places)):
            if c == age:
                s.values[c, n] = now - rows.days[i]
                continue
            value = _value(rows, plan.places, c, i)
            s.values[c, n] = MISSING if c == ends and not before(value, now) else value
        n += 1
    return n


@_part
def _view_of_days(rows: Any, plan: Any, begin: int, end: int, now: int, s: Any) -> int:
    """Days with a purchase instead of orders: column 0 is the day's amount, column 1 the gap to the day before it."""
    n = 0
    for i in range(begin, end):
        if not before(rows.days[i], now):
            break
        amount = _value(rows, plan.places, 0, i)
        if amount <= 0 or (now != NEVER and len(rows.known) and not before(rows.known[i], now)):
            continue
        day = np.int64(rows.days[i])
        if n and s.days[n - 1] == day:
            s.values[0, n - 1] += amount
            continue
        s.days[n] = day
        s.values[0, n] = amount
        s.values[1, n] = day - s.days[n - 1] if n else MISSING
        n += 1
    if plan.special[0] >= 0:
        for i in range(n):
            s.values[plan.special[0], i] = now - s.days[i]
    return n


@_part
def _test(values: Any, passed: Any, n: int, test: int, against: int, allowed: Any) -> None:
    """Leave the rows that pass one test."""
    if test == ABOVE:
        for i in range(n):
            passed[i] &= values[i] > against  # a missing value is the smallest number
    elif test == EQUAL:
        for i in range(n):
            passed[i] &= values[i] == against
    elif test == KNOWN:
        for i in range(n):
            passed[i] &= values[i] != MISSING
    else:
        for i in range(n):
            passed[i] = passed[i] and values[i] >= 0 and allowed[against, values[i]]


@_part
def _select(plan: Any, s: Any, n: int) -> None:
    for selection in range(len(s.passed)):
        passed, counts, latest = s.passed[selection], s.counts[selection], s.latest[selection]
        passed[:n] = True
        for t in range(plan.selections[selection], plan.selections[selection + 1]):
            _test(s.values[plan.tests[t, 0]], passed, n, plan.tests[t, 1], plan.tests[t, 2], plan.sets)
        count, last = 0, -1
        for i in range(n):
            count += passed[i]
            last = i if passed[i] else last
            counts[i + 1] = count
            latest[i + 1] = last


@_part
def _sum(values: Any, passed: Any, sums: Any, knowns: Any, n: int) -> None:
    total, known = 0, 0
    for i in range(n):
        here = passed[i] and values[i] != MISSING
        total += values[i] if here else 0
        known += here
        sums[i + 1] = total
        knowns[i + 1] = known


@_part
def _extreme(values: Any, passed: Any, sums: Any, n: int, sign: int) -> None:
    found = MISSING
    for i in range(n):
        if passed[i] and values[i] != MISSING and (found == MISSING or sign * values[i] > sign * found):
            found = values[i]
        sums[i + 1] = found


@_jit
def times(a: Any, b: Any) -> tuple[Any, Any]:
    """The 128-bit product of two unsigned 64-bit numbers: its high and its low half."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a, b = np.uint64(a), np.uint64(b)
    low, high = (a & mask) * (b & mask), (a >> half) * (b >> half)
    one, two = (a >> half) * (b & mask), (a & mask) * (b >> half)
    middle = (low >> half) + (one & mask) + (two & mask)
    return high + (one >> half) + (two >> half) + (middle >> half), (low & mask) | (middle << half)


@_part
def _squares(values: Any, passed: Any, sums: Any, highs: Any, n: int) -> None:
    """Sums of squares in 128 bits: the high halves in ``highs``, the low ones, as they are, in ``sums``."""
    high, low = np.uint64(0), np.uint64(0)
    for i in range(n):
        if passed[i] and values[i] != MISSING:
            size = np.uint64(abs(values[i]))
            more, less = times(size, size)
            low = low + less
            high = high + more + np.uint64(1 if low < less else 0)
        highs[i + 1] = np.int64(high)
        sums[i + 1] = np.int64(low)


@_part
def _links(values: Any, passed: Any, sums: Any, knowns: Any, slots: Any, n: int) -> None:
    """The row before each row that has the same value, in ``knowns``; how many values are new so far, in ``sums``."""
    size = 4
    while size < 2 * n:
        size *= 2
    slots[:size] = -1
    last, new = np.uint64(size - 1), 0
    for i in range(n):
        knowns[i] = i  # of a row that does not count: never before the window begins
        value = values[i]
        if passed[i] and value != MISSING:
            k = (np.uint64(value) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(20)) & last
            while slots[k] >= 0 and values[slots[k]] != value:
                k = (k + np.uint64(1)) & last
            knowns[i] = slots[k]
            new += slots[k] < 0
            slots[k] = i
        sums[i + 1] = new


@_part
def _prepare(plan: Any, s: Any, n: int) -> None:
    """Everything that windows are cut from, up to each row."""
    k = 0
    for t in range(len(plan.thresholds)):
        while k < n and before(s.days[k], plan.thresholds[t]):
            k += 1
        s.at[t] = k
    s.at[len(plan.thresholds)] = 0
    _select(plan, s, n)
    for m in range(len(plan.measures)):
        what = plan.measures[m, 0]
        passed, values = s.passed[plan.measures[m, 1]], s.values[plan.measures[m, 2]]
        sums, knowns = s.sums[m], s.knowns[m]
        if what == SUM:
            _sum(values, passed, sums, knowns, n)
        elif what == SQUARES:
            _squares(values, passed, sums, s.highs[m], n)
        elif what == LINKS:
            _links(values, passed, sums, knowns, s.slots, n)
        else:
            _extreme(values, passed, sums, n, 1 if what == LARGEST else -1)


@_jit
def as_double(total: int) -> Any:
    """A sum in float64, rounded as DuckDB rounds its 128-bit sums: from 2^53 on, a step below zero first."""
    return np.float64(total) if total >= 0 else -np.float64(-(total + 1)) - 1.0


@_part
def _spread(n: int, total: int, high: Any, low: Any) -> Any:
    """The sample standard deviation from integers: n * sum of squares - square of the sum, in 128 bits."""
    more, less = times(np.uint64(n), np.uint64(low))
    more = more + np.uint64(n) * np.uint64(high)
    square, rest = times(np.uint64(abs(total)), np.uint64(abs(total)))
    over, under = more - square - np.uint64(1 if less < rest else 0), less - rest
    wide = np.float64(under) + np.float64(over) * 18446744073709551616.0
    return np.sqrt(wide / (np.float64(n) * (np.float64(n) - 1.0)))


@_part
def _extreme_of(values: Any, passed: Any, low: int, high: int, sign: int) -> Any:
    found = MISSING
    for i in range(low, high):
        if passed[i] and values[i] != MISSING and (found == MISSING or sign * values[i] > sign * found):
            found = values[i]
    return found


@_part
def _distinct(knowns: Any, low: int, high: int) -> Any:
    count = 0
    for i in range(low, high):
        count += knowns[i] < low
    return count


@_part
def _latest(days: Any, values: Any, passed: Any, low: int, last: int) -> tuple[int, int]:
    """Sum and number of what is known on the latest day of a selection."""
    total, known, i = 0, 0, last
    while i >= low and days[i] == days[last]:
        if passed[i] and values[i] != MISSING:
            total += values[i]
            known += 1
        i -= 1
    return total, known


@_part
def _emit(plan: Any, s: Any, k: int, out: Any, place: int) -> None:  # noqa: C901, PLR0912 # a call each would cost more
    """Every aggregate of one customer at one cutoff; NaN where it is unknown."""
    for a in range(len(plan.wanted)):
        how, selection, column = plan.wanted[a, 0], plan.wanted[a, 1], plan.wanted[a, 2]
        m, more, unit = plan.wanted[a, 3], plan.wanted[a, 4], plan.units[a]
        high = s.at[plan.upper[k, a]]
        low = min(s.at[plan.lower[k, a]], high)
        number = np.nan
        if how == COUNT:
            number = np.float64(s.counts[selection, high] - s.counts[selection, low])
        elif how == TOTAL:
            number = as_double(s.sums[m, high] - s.sums[m, low]) / unit
        elif how == MEAN:
            n = s.knowns[m, high] - s.knowns[m, low]
            if n > 0:
                number = as_double(s.sums[m, high] - s.sums[m, low]) / unit / np.float64(n)
        elif how == DISTINCT:
            found = s.sums[m, high] if low == 0 else _distinct(s.knowns[m], low, high)
            number = np.float64(found)
        elif how == SPREAD:
            n = s.knowns[more, high] - s.knowns[more, low]
            if n > 1:
                top, bottom = np.uint64(s.sums[m, high]), np.uint64(s.sums[m, low])
                over = np.uint64(s.highs[m, high]) - np.uint64(s.highs[m, low]) - np.uint64(1 if top < bottom else 0)
                number = _spread(n, s.sums[more, high] - s.sums[more, low], over, top - bottom) / unit
        elif how in (SMALLEST, BIGGEST):  # Numba knows no sets of constants
            if low > 0:
                sign = 1 if how == BIGGEST else -1
                found = _extreme_of(s.values[column], s.passed[selection], low, high, sign)
            else:
                found = s.sums[m, high] if high else MISSING
            if found != MISSING:
                number = np.float64(found) / unit
        else:
            last = s.latest[selection, high]
            if last >= low:
                if how == LATEST:
                    total, n = _latest(s.days, s.values[column], s.passed[selection], low, last)
                    if n > 0:
                        number = as_double(total) / unit / np.float64(n)
                else:
                    if how == OLDEST:
                        last = low
                        while not s.passed[selection, last]:
                            last += 1
                    number = np.float64(plan.cutoffs[k] - s.days[last])
        out[k, a, place] = number


@_jit
def _scratch(rows: Any, plan: Any) -> Any:
    most = 1
    for j in range(len(rows.begins)):
        most = max(most, rows.ends[j] - rows.begins[j])
    size = 4
    while size < 2 * most:
        size *= 2
    selections, measures = len(plan.selections) - 1, max(len(plan.measures), 1)
    return Scratch(
        np.zeros(most, np.int64),
        np.zeros((max(len(plan.places), 1), most), np.int64),
        np.zeros((selections, most), np.bool_),
        np.zeros((selections, most + 1), np.int64),
        np.full((selections, most + 1), -1, np.int64),
        np.zeros((measures, most + 1), np.int64),
        np.zeros((measures, most + 1), np.int64),
        np.zeros((measures, most + 1), np.int64),
        np.zeros(len(plan.thresholds) + 1, np.int64),
        np.zeros(size, np.int64),
    )


@_part
def _moment(rows: Any, plan: Any, begin: int, end: int, k: int) -> Any:
    """The cutoff where a customer's view depends on it; `NEVER` where one view of all rows serves every cutoff."""
    if plan.special[2] == 2:
        return NEVER
    fixed = plan.special[0] < 0 and plan.special[1] < 0
    return NEVER if fixed and not _has_late(rows, begin, end, plan.cutoffs[k]) else plan.cutoffs[k]


def walk(rows: Rows, plan: Plan, places: Any, out: Any) -> None:
    """Compute every aggregate of a table, for some customers at some cutoffs.

    Parameters
    ----------
    rows : Rows
        Of those customers: ``begins`` and ``ends`` are theirs.
    plan : Plan
        ``special``: the columns that are the age and a contract's end (-1: none), and the kind of the view: 0 is
        history, 1 history turned to days with a purchase, 2 all rows (of labels alone).
    places : ndarray of int64, shape (cutoffs, customers)
        Where a customer's numbers go; -1 where nobody asks for them.
    out : ndarray of float64, shape (cutoffs, aggregates, most customers of a cutoff)
        NaN is unknown.
    """
    _walked(rows, plan, places, out, _scratch(rows, plan))


@_walk
def _walked(rows: Any, plan: Any, places: Any, out: Any, s: Any) -> None:
    for j in range(len(rows.begins)):
        begin, end = rows.begins[j], rows.ends[j]
        whole, n = False, 0
        for k in range(len(plan.cutoffs)):
            place = places[k, j]
            if place < 0:
                continue
            moment = _moment(rows, plan, begin, end, k)
            if moment != NEVER or not whole:
                if plan.special[2] == 1:
                    n = _view_of_days(rows, plan, begin, end, moment, s)
                else:
                    n = _view(rows, plan, begin, end, moment, s)
                _prepare(plan, s, n)
                whole = moment == NEVER
            _emit(plan, s, k, out, place)


def count_gaps(rows: Rows, plan: Plan, out: Any) -> None:
    """Add up how often each gap between days with a purchase was seen, of some customers at each cutoff.

    Parameters
    ----------
    rows, plan
        As in `walk`, of days with a purchase.
    out : ndarray of int64, shape (cutoffs, longest gap + 1)
    """
    _counted(rows, plan, out, _scratch(rows, plan))


@_walk
def _counted(rows: Any, plan: Any, out: Any, s: Any) -> None:
    for j in range(len(rows.begins)):
        begin, end = rows.begins[j], rows.ends[j]
        whole, n = False, 0
        for k in range(len(plan.cutoffs)):
            moment = _moment(rows, plan, begin, end, k)
            if moment != NEVER or not whole:
                n = _view_of_days(rows, plan, begin, end, moment, s)
                whole = moment == NEVER
            for i in range(1, n):
                if not before(s.days[i], plan.cutoffs[k]):
                    break
                out[k, s.values[1, i]] += 1
