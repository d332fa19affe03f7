from benchmarks.tables import number, table


def test_a_table_has_a_line_under_its_head():
    assert table(["", "a"], [["x", "1"]]).splitlines() == ["|  | a |", "|---|---|", "| x | 1 |"]


def test_an_undefined_figure_is_a_dash():
    assert number(float("nan")) == "-"
    assert number(-0.12345) == "-0.123"
