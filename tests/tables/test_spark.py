"""Spark as the engine: the same reports and the same panel as from files here, to the last bit."""

import datetime as dt
import shutil
import sys
from pathlib import Path

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from hvc_ml.config import load_config
from hvc_ml.dataset.store import SIDE_TABLES
from hvc_ml.errors import ConfigError, DataError, NotEnoughData, ServiceError
from hvc_ml.progress import Stages
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.load import load_tables
from hvc_ml.tables.mapping import TableMapping
from hvc_ml.tables.rejected import rejected_rows
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.sources import Source
from hvc_ml.tables.spark import _started, open_engine_for
from hvc_ml.workflows.demo import make
from hvc_ml.workflows.shop import open_shop
from made.spark import WORKERS

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]

SMALL = Resources(memory="512MB", threads=1)
PLAIN = {"customer_id": "customer", "ordered_at": "date", "amount": "amount"}
HERE = Source(paths={"orders": "orders.parquet", "customers": "customers.parquet"})
THERE = Source(kind="spark", url=WORKERS, paths=HERE.paths)
LINES = {
    "invoice": ["1", "1", "2", None, "3", "3", "4", None],
    "customer": ["a", "a", "b", "b", "c", "c", None, "d"],
    "date": [
        "2024-01-01",
        "2024-01-01",
        "2024-01-02 09:30",
        "2024-01-03",
        "2024-01-04",
        "2024-01-04",
        "2024-01-05",
        "2024-02-30",
    ],
    "amount": ["1.005", "2", "-3", "4.25", "0.1", "0.1", "7", "8"],
    "product": ["x", "y", "x", None, "z", "z", "x", "x"],
    "channel": ["web", "app", "web", "web", None, "web", "web", "web"],
}
PEOPLE = {
    "customer": ["a", "b", "b", "c"],
    "age": ["41", " 7", "7.5", None],
    "post": ["01234", "9", "9", "8"],
    "region": ["north", "south", "south", None],
}


@pytest.fixture
def folder(tmp_path):
    pq.write_table(pa.table(LINES), tmp_path / "orders.parquet")
    pq.write_table(pa.table(PEOPLE), tmp_path / "customers.parquet")
    return tmp_path


def loaded(source, folder, *, customers=True, **orders):
    """Canonical tables as sorted rows with their types, their reports, and the rows at fault."""
    columns = {**PLAIN, "order_id": "invoice", "product_id": "product", "channel": "channel"}
    mappings = {"orders": {"columns": columns, "max_rejected": 0.5, **orders}}
    if customers:
        columns = {"customer_id": "customer", "age": "age", "post": "post", "region": "region"}
        mappings["customers"] = {"columns": columns, "max_rejected": 0.5}
    mappings = {name: TableMapping.model_validate(m) for name, m in mappings.items()}
    with open_engine_for(source, SMALL, folder) as engine:
        tables, reports, prints = load_tables(engine, source, mappings, base=folder, timezone="Europe/Berlin")
        kept = {name: engine.arrow(f) for name, f in vars(tables).items() if hasattr(f, "collect_schema")}
        rows = {name: t.sort_by([(c, "ascending") for c in t.column_names]) for name, t in kept.items()}
        faults = sorted((r["reason"], r["source_row"]) for r in rejected_rows(engine).to_pylist())
        said = {n: (r.rows, r.kept, r.rejected, r.deduplicated, r.reasons, r.orders) for n, r in reports.items()}
        return rows, (tables.first_day, tables.end_day), said, faults, prints


@pytest.mark.parametrize("orders", [{}, {"refunds": "separate", "duplicates": "drop"}], ids=["plain", "separate"])
def test_spark_takes_and_refuses_the_same_rows_for_the_same_reasons(session, folder, orders):
    here, there = loaded(HERE, folder, **orders), loaded(THERE, folder, **orders)
    assert {n: t.schema for n, t in there[0].items()} == {n: t.schema for n, t in here[0].items()}
    assert {n: t.to_pylist() for n, t in there[0].items()} == {n: t.to_pylist() for n, t in here[0].items()}
    assert there[1:4] == here[1:4]
    assert here[2]["orders"][4] == {"no_customer": 1, "bad_time": 1}
    assert there[4]["orders"][0].size == len(LINES["date"])


def test_a_table_of_the_catalog_is_read_by_its_name(session, folder):
    session.read.parquet(str(folder / "orders.parquet")).createOrReplaceTempView("sales")
    found = loaded(Source(kind="spark", url=WORKERS), folder, customers=False, table="sales")
    assert found[0]["orders"].to_pylist() == loaded(HERE, folder, customers=False)[0]["orders"].to_pylist()


@pytest.mark.parametrize(
    ("orders", "error", "words"),
    [
        ({"table": "nowhere"}, ConfigError, r"tables\.orders: no table 'nowhere' in Spark's catalog"),
        ({"max_rejected": 0.0}, DataError, r"orders\.customer_id: 1 of 8 rows .* have no customer\. Fix the source"),
        ({"filter": "amount > 100", "max_rejected": 1.0}, NotEnoughData, "none of 8 rows is left"),
        ({"columns": {**PLAIN, "amount": "total"}}, DataError, "There are: invoice, customer, date, amount"),
    ],
)
def test_what_is_wrong_is_said_as_for_files(session, folder, orders, error, words):
    source = Source(kind="spark", url=WORKERS) if "table" in orders else THERE
    with pytest.raises(error, match=words):
        loaded(source, folder, customers=False, **orders)


def test_the_engine_does_with_tables_in_spark_what_it_does_with_tables_here(session, tmp_path):
    rows = pa.table({"customer_id": ["a", "b", None], "n": pa.array([1, None, 3], pa.int64())})
    seen = []
    for source in (HERE, THERE):
        pq.write_table(rows, tmp_path / "orders.parquet")
        pq.write_table(rows, tmp_path / "customers.parquet")
        with open_engine_for(source, SMALL, tmp_path) as engine:
            engine.materialise("SELECT CAST('' AS VARCHAR) AS customer_id, CAST(0 AS BIGINT) AS n LIMIT 0", "made")
            assert engine.has("made")
            engine.append("made", rows)
            engine.append("made", rows.slice(0, 1))
            frame = engine.frame("made")
            again = engine.materialise(frame.sort("n", descending=True), "again")
            assert engine.fingerprint(frame) == engine.fingerprint(again) != engine.fingerprint(frame.head(1))
            daily = engine.arrow(engine.digests(frame, ["n"], "daily"))
            assert daily.num_rows == 3
            batches = list(engine.batches(frame, 2))
            assert max(b.num_rows for b in batches) <= 2
            total = engine.arrow(frame.select(nw.col("n").sum(), nw.len().alias("rows")))
            seen.append(
                (engine.arrow(frame.sort("customer_id", "n", nulls_last=True)), engine.count(frame), total.to_pylist())
            )
            engine.drop("made")
            assert not engine.has("made")
    assert seen[0] == seen[1]


def test_without_pyspark_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigError, match=r"pip install 'hvc-ml\[spark\]'"), open_engine_for(THERE, SMALL, tmp_path):
        pass


def test_a_spark_that_does_not_start_is_a_service_error():
    class Builder:
        def config(self, *_):
            raise RuntimeError("Java gateway process exited")

    with pytest.raises(ServiceError, match=r"source\.url: Spark does not start on yarn \(RuntimeError\)"):
        _started(Builder(), "yarn")


def test_tables_of_spark_are_not_read_by_the_engine_here(tmp_path):
    mappings = {"orders": TableMapping.model_validate({"columns": PLAIN})}
    with open_engine(SMALL) as engine, pytest.raises(ConfigError, match="stay in Spark"):
        load_tables(engine, THERE, mappings, base=tmp_path, timezone="UTC")


def in_spark(config, folder, windows=None):
    """The same project with its tables in Spark; with fewer windows than there are by default, where they are given."""
    document = yaml.safe_load(config.read_text())
    if windows is not None:
        document["features"]["windows"] = windows
        config.write_text(yaml.safe_dump(document))
    paths = {name: str((config.parent / path).resolve()) for name, path in document["source"]["paths"].items()}
    document["source"] = {"kind": "spark", "url": WORKERS, "paths": paths}
    folder.mkdir()
    (folder / "hvc.yaml").write_text(yaml.safe_dump(document))
    return load_config(folder)


def differences(ours, theirs):
    """Column -> how many rows differ, and the first pair."""
    assert ours.schema == theirs.schema
    pairs = {c: zip(ours[c].to_pylist(), theirs[c].to_pylist(), strict=True) for c in ours.column_names}
    found = {c: [(one, other) for one, other in both if one != other] for c, both in pairs.items()}
    return {c: (len(unlike), unlike[0]) for c, unlike in found.items() if unlike}


def assert_same_panel(here, there, cutoffs):
    """Every partition equal, column by column, bit by bit; what Spark wrote is read back from the store."""
    panels = []
    for project in (here, there):
        with open_shop(project, Stages()) as shop:
            panels.append(shop.partitions(cutoffs))
    for cutoff in cutoffs:
        one, other = (found[cutoff] for found in panels)
        for name in ("panel", *SIDE_TABLES):
            ours, theirs = getattr(one, name), getattr(other, name)
            assert (ours is None) == (theirs is None), name
            assert ours is None or differences(ours, theirs) == {}, (cutoff, name)
        written = there.features / f"cutoff={cutoff}" / "panel.parquet"
        assert {f.suffix for f in written.iterdir()} == {".parquet"}
        assert one.panel.num_rows > 50


@pytest.mark.parametrize("windows", [[365], pytest.param(None, marks=pytest.mark.deep)], ids=["few", "all"])
def test_the_panel_of_a_shop_is_the_same(session, tmp_path, windows):
    made = make(tmp_path / "here", kind="retail", customers=200, seed=5, stages=Stages())
    there = in_spark(made.config, tmp_path / "there", windows)
    assert_same_panel(load_config(made.config), there, (dt.date(2025, 6, 1),))
    manifest = there.features / "cutoff=2025-06-01" / "MANIFEST.json"
    before = manifest.stat().st_mtime_ns
    with open_shop(there, Stages()) as shop:
        shop.partitions((dt.date(2025, 6, 1),))
    assert manifest.stat().st_mtime_ns == before  # nothing changed, so nothing was built


@pytest.mark.deep
def test_the_panel_of_a_club_with_contracts_is_the_same(session, tmp_path):
    made = make(tmp_path / "here", kind="subscription", customers=300, seed=5, stages=Stages())
    there = in_spark(made.config, tmp_path / "there")
    assert_same_panel(load_config(made.config), there, (dt.date(2025, 6, 1), dt.date(2026, 1, 1)))


@pytest.mark.deep
def test_the_panel_of_a_real_log_is_the_same(session, shared_data, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    shutil.copy(shared_data / "online-retail" / "online_retail.parquet", here)
    document = yaml.safe_load((Path(__file__).parents[2] / "configs" / "online-retail.yaml").read_text())
    document["source"] = {"kind": "files", "paths": {"orders": "online_retail.parquet"}}
    (here / "hvc.yaml").write_text(yaml.safe_dump(document))
    there = in_spark(here / "hvc.yaml", tmp_path / "there")
    assert_same_panel(load_config(here), there, (dt.date(2011, 9, 1),))
