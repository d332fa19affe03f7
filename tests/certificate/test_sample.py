from certificate.logs import CUTOFF
from hvc_ml.certificate.sample import forgotten, loaded, sampled
from made.shop import at, contract, event, make_tables, order


def tables_of(engine):
    orders = [order(f"c{i}", d, 5.0) for i in range(10) for d in (-9, -3)] + [order("new", 5, 5.0)]
    customers = [{"customer_id": f"c{i}", "region": "north"} for i in range(10)]
    events, contracts = [event("c3", -1, "visit"), event("c9", -1, "visit")], [contract("only a contract", -5, None)]
    return make_tables(engine, orders, customers=customers, events=events, contracts=contracts)


def ids(rows, name):
    return set(rows[name]["customer_id"].to_pylist())


def test_customers_are_drawn_evenly_with_all_their_rows_and_the_same_ones_again(engine):
    tables = tables_of(engine)
    rows = sampled(engine, tables, 4)
    assert ids(rows, "orders") == {"c0", "c3", "c7"}
    assert ids(rows, "contracts") == {"only a contract"}
    assert rows["orders"].num_rows == 6
    assert all(sampled(engine, tables, 4)[name].equals(rows[name]) for name in rows)


def test_fewer_customers_are_drawn_where_they_have_many_rows_each(engine, monkeypatch):
    monkeypatch.setattr("hvc_ml.certificate.sample.MOST_ROWS", 12)
    assert len(ids(sampled(engine, tables_of(engine), 99), "orders")) < 6


def test_everyone_is_drawn_where_there_are_few_and_those_who_come_later_as_well(engine):
    rows = sampled(engine, tables_of(engine), 99)
    assert ids(rows, "orders") == {f"c{i}" for i in range(10)} | {"new"}
    assert rows["events"].num_rows == 2


def test_rows_come_back_from_the_engine_as_they_went_in_with_the_span_of_their_orders(engine):
    tables = tables_of(engine)
    rows = sampled(engine, tables, 99)
    short = {**rows, "orders": rows["orders"].filter(rows["orders"]["day"].to_numpy() < at(-5))}
    made = loaded(engine, short, tables, CUTOFF)
    assert (made.first_day, made.end_day) == (at(-9), at(-8))
    assert engine.arrow(made.events.sort("customer_id")).equals(rows["events"])
    assert made.items is None


def test_a_log_without_an_order_ends_at_the_cutoff(engine):
    tables = tables_of(engine)
    rows = sampled(engine, tables, 99)
    empty = loaded(engine, {**rows, "orders": rows["orders"].slice(0, 0)}, tables, CUTOFF)
    assert (empty.first_day, empty.end_day) == (at(-1), at(0))


def test_nothing_of_a_check_stays_in_the_engine(engine):
    tables = tables_of(engine)
    rows = sampled(engine, tables, 99)
    loaded(engine, rows, tables, CUTOFF)
    forgotten(engine, rows)
    left = engine.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'certificate%'")
    assert left == []
