import hashlib

import pandas as pd
import pyarrow as pa
import pytest

from hvc_ml.errors import OutputError
from hvc_ml.tables.demo import DemoSettings, write_demo
from hvc_ml.tables.demo.writing import TableFiles

KINDS = ("retail", "subscription")


def _hashes(folder):
    return {
        p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes(tmp_path, kind):
    settings = DemoSettings(kind=kind, customers=300, years=1, cutoffs=2)
    write_demo(tmp_path / "a", settings)
    write_demo(tmp_path / "b", settings)
    assert _hashes(tmp_path / "a") == _hashes(tmp_path / "b")


@pytest.mark.parametrize("kind", KINDS)
def test_zero_is_a_seed_like_any_other(tmp_path, kind):
    made = {}
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        write_demo(tmp_path / name, DemoSettings(kind=kind, customers=50, seed=seed, years=1, cutoffs=1))
        made[name] = _hashes(tmp_path / name)
    assert made["first"] == made["again"]
    assert not set(made["first"].values()) & set(made["other"].values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_customers_are_the_same_whatever_their_number(tmp_path, kind):
    few = write_demo(tmp_path / "few", DemoSettings(kind=kind, customers=40, years=1, cutoffs=1))
    many = write_demo(tmp_path / "many", DemoSettings(kind=kind, customers=5_100, years=1, cutoffs=1))
    for name, path in few.data.items() | few.truth.items():
        alone = pd.read_parquet(path)
        among = pd.read_parquet(path.parents[2] / "many" / path.parent.name / path.name)
        among = among[among.customer_id <= "C0000040"].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, among, obj=name)
    assert many.rows["customers"] == 5_100


def test_progress_counts_customers(tmp_path):
    calls = []
    write_demo(
        tmp_path, DemoSettings(customers=5_001, years=1, cutoffs=0), lambda done, total: calls.append((done, total))
    )
    assert calls == [(5_000, 5_001), (5_001, 5_001)]


def test_rows_are_those_of_the_files(shop, club):
    for made in (shop, club):
        for name, path in made.files.data.items():
            assert made.files.rows[name] == len(pd.read_parquet(path, columns=["customer_id"]))
        for name in made.files.truth:
            assert made.files.rows[f"truth/{name}"] == len(made.truth[name])


def test_only_finished_files_remain(shop):
    names = sorted(p.relative_to(shop.folder).as_posix() for p in shop.folder.rglob("*") if p.is_file())
    assert names == [
        *(f"data/{n}.parquet" for n in ("customers", "events", "orders")),
        *(f"truth/{n}.parquet" for n in ("actions", "customers", "outlook")),
    ]


def _break_halfway(folder):
    with TableFiles(folder) as files:
        files.add({"orders": pa.table({"x": [2]}), "events": pa.table({"x": [1]})})
        raise RuntimeError("halfway")


def test_a_run_that_breaks_leaves_the_old_files(tmp_path):
    with TableFiles(tmp_path) as files:
        files.add({"orders": pa.table({"x": [1]})})
    before = _hashes(tmp_path)
    with pytest.raises(RuntimeError, match="halfway"):
        _break_halfway(tmp_path)
    assert _hashes(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="could not be written"):
        write_demo(tmp_path / "file", DemoSettings(customers=10))


def test_ids_are_unique_text(shop, club):
    for made in (shop, club):
        ids = made.customers.customer_id
        assert ids.is_unique
        assert ids.str.fullmatch(r"C\d{7}").all()
        assert made.orders.customer_id.isin(ids).all()
        assert made.events.customer_id.isin(ids).all()
        owners = made.orders.groupby("order_id").customer_id
        assert (owners.min() == owners.max()).all()


def test_nothing_is_recorded_outside_the_span(shop, club):
    for made in (shop, club):
        for moments in (made.orders.ordered_at, made.events.happened_at, made.customers.signed_up_at):
            assert moments.min() >= pd.Timestamp(made.settings.start)
            assert moments.max() < pd.Timestamp(made.settings.end)
            assert (
                moments.is_monotonic_increasing or moments is made.customers.signed_up_at or len(made.customers) > 5_000
            )
