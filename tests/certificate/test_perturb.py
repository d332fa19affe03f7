"""Laws of every perturbation: what was known stays, what was not is changed, the same way in every run."""

import pandas as pd
import pyarrow as pa
import pytest

from certificate.logs import CUTOFF, random_log
from hvc_ml.certificate.perturb import NEWCOMER, PERTURBATIONS, perturbed
from hvc_ml.timeline.days import day_number
from made.shop import TYPES, at

NOW = day_number(CUTOFF)
EACH = pytest.mark.parametrize("name", PERTURBATIONS)


def arrow(log):
    return {
        name: pa.table({c: pa.array([r.get(c) for r in rows], TYPES.get(c)) for c in rows[0]})
        for name, rows in log.items()
        if rows
    }


def known(table):
    """Rows as they were known at the cutoff: the oracle of `history`."""
    rows = table.to_pandas()
    kept = pd.Series(data=True, index=rows.index)
    for column in ("day", "known_day"):
        if column in rows:
            kept &= rows[column] < NOW
    if "end_day" in rows:
        rows["end_day"] = rows["end_day"].where(rows["end_day"] < NOW)
    return sorted(
        rows[kept].astype(object).where(rows[kept].notna(), None).itertuples(index=False, name=None), key=repr
    )


@EACH
@pytest.mark.parametrize("seed", range(8))
def test_what_was_known_stays_as_it_was(name, seed):
    rows = arrow(random_log(seed))
    changed, _ = perturbed(rows, PERTURBATIONS[name], NOW)
    for table in rows:
        strangers = [c.startswith(NEWCOMER) for c in changed[table]["customer_id"].to_pylist()]
        old = changed[table].filter(pa.array([not s for s in strangers]))
        assert known(old) == known(rows[table]), table
        assert changed[table].schema == rows[table].schema


@EACH
@pytest.mark.parametrize("seed", range(8))
def test_a_table_is_changed_just_where_rows_are_counted_and_the_same_way_again(name, seed):
    rows = arrow(random_log(seed))
    changed, counts = perturbed(rows, PERTURBATIONS[name], NOW)
    again, _ = perturbed(rows, PERTURBATIONS[name], NOW)
    for table, n in counts.items():
        assert changed[table].equals(again[table])
        assert changed[table].equals(rows[table]) == (n == 0)


def one(**columns):
    return pa.table({c: pa.array([v], TYPES.get(c)) for c, v in columns.items()})


def run(name, table):
    changed, counts = perturbed({"orders": table}, PERTURBATIONS[name], NOW)
    return changed["orders"].to_pylist(), counts["orders"]


PAST = {"customer_id": "ann", "day": at(-3), "amount": 5}
AHEAD = {"customer_id": "ann", "day": at(7), "amount": 5}


def test_later_rows_are_left_out_and_ends_that_lie_ahead_are_unknown():
    assert run("dropped", one(**AHEAD)) == ([], 1)
    assert run("dropped", one(**PAST, end_day=at(0))) == ([PAST | {"end_day": None}], 1)
    assert run("dropped", one(**PAST, end_day=at(-1))) == ([PAST | {"end_day": at(-1)}], 0)


def test_a_row_that_was_written_at_the_cutoff_is_later_though_it_lies_before():
    assert run("dropped", one(**PAST, known_day=at(0))) == ([], 1)
    assert run("dropped", one(**PAST, known_day=at(-1)))[1] == 0


def test_later_rows_lie_at_the_cutoffs_first_instant():
    rows, _ = run("ties", one(**AHEAD, known_day=at(9)))
    assert {(r["day"], r["known_day"]) for r in rows} == {(at(0), at(0))}
    rows, _ = run("ties", one(**PAST, end_day=at(40)))
    assert rows[0] == PAST | {"end_day": at(0)}


def test_what_multiplies_is_there_three_times_and_three_times_as_large():
    rows, n = run("multiplied", one(**AHEAD))
    assert (len(rows), {r["amount"] for r in rows}, n) == (3, {15}, 1)


def test_scrambled_numbers_and_days_are_greater_than_they_were():
    rows, _ = run("scrambled", one(**AHEAD))
    assert rows[0]["amount"] > 5
    assert rows[0]["day"] > at(7)


def test_new_rows_are_of_known_customers_and_of_newcomers():
    rows, n = run("injected", one(**PAST))
    assert n == 2
    assert [r["customer_id"] for r in rows] == ["ann", "ann", f"{NEWCOMER}ann"]
    assert all(r["day"] >= at(0) for r in rows[1:])


def test_without_an_arrival_time_nothing_can_be_late_and_facts_without_one_stay():
    assert run("late", one(**PAST)) == ([PAST], 0)
    fact = {"customer_id": "ann", "region": "north"}
    assert run("ties", one(**fact)) == ([fact], 0)
    assert run("injected", one(**fact))[0] == [fact, fact | {"customer_id": f"{NEWCOMER}ann"}]


def test_a_table_without_rows_stays_empty():
    empty = one(**PAST, known_day=at(-3)).slice(0, 0)
    assert all(run(name, empty) == ([], 0) for name in PERTURBATIONS)
