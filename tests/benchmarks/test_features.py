"""The contestants of the benchmark of features compute the same figures."""

import numpy as np
import pytest

from benchmarks import feature_peers as peers
from benchmarks.feature_log import cutoffs_of, write_log
from benchmarks.features import RUNS, _tables, _told, wanted
from hvc_ml.compiled.events import read_events
from hvc_ml.compiled.program import columns_of
from hvc_ml.compiled.walk import Walk
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.resources import Resources
from hvc_ml.timeline.days import day_number


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("log"), 3_000, 150)


@pytest.fixture(scope="module")
def ours(log):
    asked, _ = wanted(log)
    cutoff = cutoffs_of(2)[-1]
    with open_engine(Resources(memory="1GB", threads=1), [p.parent for p in log.values()]) as engine:
        events = read_events(engine, _tables(engine, log), columns_of(asked))
    n = len(events.customers)
    found = Walk(events, [day_number(cutoff)], asked).over(slice(None), np.arange(n).reshape(1, n), n)
    return (
        cutoff,
        asked,
        dict(zip(events.customers.to_pylist(), zip(*(found[a][0] for a in asked), strict=True), strict=True)),
    )


def rows(name, found, now):
    if name == "pandas":
        frame = found[now].pipe(lambda f: f[sorted(f, key=lambda c: int(c[1:]))])
        return {c: tuple(row) for c, row in zip(frame.index, frame.to_numpy(), strict=True)}
    if name == "polars":
        found = found[now].to_arrow()
    table = found.to_pylist()
    return {r["customer_id"]: [v for k, v in r.items() if k[0] == "a"] for r in table if r.get("now", now) == now}


@pytest.mark.parametrize("name", ["pandas", "duckdb", "polars"])
def test_a_peer_computes_our_figures(log, ours, name):
    if name == "polars":
        pytest.importorskip("polars")
    cutoff, asked, expected = ours
    _, columns = wanted(log)
    now = day_number(cutoff)
    found = rows(name, getattr(peers, f"with_{name}")(log, [now], asked, columns), now)
    order = [
        i for t in dict.fromkeys(map(peers.physical, asked)) for i, a in enumerate(asked) if peers.physical(a) == t
    ]
    assert len(found) > 100
    written = sorted(order) if name == "pandas" else order  # the others write table by table
    for customer, row in found.items():
        values = [v for _, v in sorted(zip(written, row, strict=True), key=lambda pair: pair[0])]
        for aggregate, theirs, mine in zip(asked, values, expected[customer], strict=True):
            known = theirs is not None and not np.isnan(theirs) and not np.isnan(mine)
            if known and aggregate.how != "latest":  # theirs is of the last row, ours of the last day
                assert theirs == pytest.approx(mine, rel=1e-9), aggregate


@pytest.mark.parametrize("name", ["scan", "hvc-ml", "parts", "cold", "refresh", "engine"])
def test_every_run_of_ours_ends(log, name):
    assert RUNS[name](log, cutoffs_of(2), "1GB") > 10


def test_the_table_compares_with_the_scan_and_with_ours():
    found = {
        "scan": [{"seconds": 1.0, "gigabytes": 0.1, "columns": 3.0}],
        "hvc-ml": [{"seconds": s, "gigabytes": 0.5, "columns": 9.0} for s in (2.0, 4.0, 9.0)],
    }
    assert "| hvc-ml | 4.00 | 4.0 | 1.0 | 0.50 | 9 |" in _told(found)
