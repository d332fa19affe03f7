import math

import pyarrow as pa
import pytest

from hvc_ml.certificate.compare import differences, rows_in_one


def panel(ids, values, kind=None):
    return pa.table({"customer_id": ids, "x": pa.array(values, kind)})


@pytest.mark.parametrize(
    ("was", "now", "n"),
    [
        (1.0, 1.0, 0),
        (1.0, math.nextafter(1.0, 2.0), 1),
        (0.0, -0.0, 1),
        (None, None, 0),
        (None, 0.0, 1),
        (None, math.nan, 1),
        (math.nan, math.nan, 0),
        ("north", "north", 0),
        ("north", "south", 1),
        ("north", None, 1),
    ],
)
def test_a_cell_is_the_same_if_every_bit_of_it_is(was, now, n):
    kind = pa.string() if isinstance(was, str) else pa.float64()
    assert differences(panel(["ann"], [was], kind), panel(["ann"], [now], kind)) == {"customer_id": 0, "x": n}


def test_rows_are_found_by_customer_whatever_their_order():
    assert differences(panel(["ann", "bob"], [1.0, 2.0]), panel(["bob", "ann"], [2.0, 1.0]))["x"] == 0


def test_customers_who_come_and_go_are_counted_apart_from_cells():
    assert differences(panel(["ann", "bob"], [1.0, 2.0]), panel(["bob", "cyd", "dan"], [9.0, 1.0, 1.0])) == {
        "customer_id": 3,
        "x": 1,
    }


def test_a_customer_who_is_there_twice_is_noticed():
    assert differences(panel(["ann"], [1.0]), panel(["ann", "ann"], [1.0, 1.0]))["customer_id"] == 1


def test_a_column_that_is_gone_or_of_another_type_differs_everywhere():
    two = panel(["ann", "bob"], [1.0, 2.0])
    assert differences(two, two.drop_columns("x"))["x"] == 2
    assert differences(two.drop_columns("x"), two)["x"] == 2
    assert differences(two, panel(["ann", "bob"], [1, 2]))["x"] == 2


def test_tables_without_rows_are_the_same():
    empty = panel([], [], pa.float64()).cast(pa.schema({"customer_id": pa.string(), "x": pa.float64()}))
    assert differences(empty, empty) == {"customer_id": 0, "x": 0}
    assert rows_in_one(empty, empty) == 0
