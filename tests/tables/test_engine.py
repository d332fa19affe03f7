import os
import stat
import subprocess
import sys
import time

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvc_ml.errors import ConfigError, OutputError
from hvc_ml.tables.engine import PREFIX, open_engine, usable_cores
from hvc_ml.tables.resources import Resources

SMALL = Resources(memory="256MB", threads=2)


def private_directory(parent):
    return next(parent.glob(f"{PREFIX}*"))


def test_the_private_directory_is_for_its_owner_only_and_gone_at_the_end(tmp_path):
    with open_engine(SMALL, scratch=tmp_path) as engine:
        engine.materialise("SELECT 1 AS a", "t")
        assert stat.S_IMODE(private_directory(tmp_path).stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_the_private_directory_is_gone_after_an_error_too(tmp_path):
    with pytest.raises(ZeroDivisionError), open_engine(SMALL, scratch=tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_a_living_run_is_left_alone(tmp_path):
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir()
    (dead / "spill").write_text("personal")
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    other = tmp_path / "hvc-other"
    other.mkdir()
    long_ago = time.time() - 3600
    os.utime(dead, (long_ago, long_ago))
    with open_engine(SMALL, scratch=tmp_path) as engine:
        engine.materialise("SELECT 1 AS a", "t")
        living = [p for p in tmp_path.glob(f"{PREFIX}*") if p != young]
        os.utime(living[0], (long_ago, long_ago))
        with open_engine(SMALL, scratch=tmp_path):
            assert living[0].is_dir()
        assert not dead.exists()
        assert young.exists()
        assert other.exists()
        assert engine.count(engine.frame("t")) == 1


def test_no_scratch_directory_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="no private directory"), open_engine(SMALL, scratch=tmp_path / "nowhere"):
        pass


def test_impossible_resources_are_a_config_error(tmp_path):
    with (
        pytest.raises(ConfigError, match="resources"),
        open_engine(Resources(memory="9999999999999999999TB"), scratch=tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_only_allowed_files_can_be_read_and_nothing_can_be_changed(tmp_path):
    for name in ("mine", "other"):
        pq.write_table(pa.table({"a": [1]}), tmp_path / f"{name}.parquet")
    folder = tmp_path / "folder"
    folder.mkdir()
    pq.write_table(pa.table({"a": [1]}), folder / "inside.parquet")
    with open_engine(SMALL, [tmp_path / "mine.parquet", folder]) as engine:
        for allowed in ("mine.parquet", "folder/inside.parquet"):
            assert engine.execute(f"SELECT a FROM read_parquet('{tmp_path / allowed}')") == [(1,)]
        for probe in (
            f"SELECT * FROM read_parquet('{tmp_path}/other.parquet')",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM read_text('/etc/passwd')",
            f"COPY (SELECT 1) TO '{tmp_path}/new.csv'",
            f"ATTACH '{tmp_path}/new.duckdb'",
            "SELECT * FROM glob('/etc/*')",
            "SET threads = 64",
            "SET enable_external_access = true",
            "INSTALL httpfs",
            "LOAD httpfs",
            f"EXPORT DATABASE '{tmp_path}/all'",
        ):
            with pytest.raises(duckdb.Error):
                engine.execute(probe)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "mine.parquet", "other.parquet"]


def test_more_rows_than_memory_are_spilled_inside_the_private_directory(tmp_path):
    with open_engine(Resources(memory="64MB", threads=1), scratch=tmp_path) as engine:
        query = "SELECT range AS i, hash(range)::VARCHAR AS t FROM range(2000000) ORDER BY t"
        assert engine.count(engine.materialise(query, "big")) == 2_000_000
        assert [p.name.startswith(PREFIX) for p in tmp_path.iterdir()] == [True]


def test_sums_and_decimals_come_back_as_plain_numbers(engine):
    frame = engine.sql(
        "SELECT sum(range) AS s, count(*) AS n, 1.5::DECIMAL(9,2) AS d, 3::DECIMAL(9,0) AS w, 'x' AS t FROM range(4)"
    )
    assert [str(t) for t in engine.arrow(frame).schema.types] == ["int64", "int64", "double", "int64", "string"]
    assert engine.arrow(frame).to_pylist() == [{"s": 6, "n": 4, "d": 1.5, "w": 3, "t": "x"}]
    kept = engine.materialise(frame, "kept")
    assert kept.collect_schema()["s"] == nw.Int64


def test_a_sum_beyond_64_bits_raises_instead_of_losing_digits(engine):
    frame = engine.sql("SELECT sum(9223372036854775807) AS s FROM range(2)")
    with pytest.raises(duckdb.ConversionException):
        engine.arrow(frame)


def test_batches_yield_every_row_in_order(engine):
    frame = engine.materialise("SELECT range AS i FROM range(10000) ORDER BY i", "t")
    batches = list(engine.batches(frame, rows=3000))
    assert max(len(b) for b in batches) <= 3000
    assert pa.Table.from_batches(batches)["i"].to_pylist() == list(range(10000))


def test_a_fingerprint_depends_on_rows_and_names_and_types_only():
    def of(query, threads=1):
        with open_engine(Resources(memory="256MB", threads=threads)) as engine:
            return engine.fingerprint(engine.sql(query))

    plain = of("SELECT i, i * 2 AS j FROM range(5000) t(i)")
    assert plain == of("SELECT i * 2 AS j, i FROM range(5000) t(i) ORDER BY hash(i)", threads=2)
    assert plain.startswith(f"duckdb{duckdb.__version__}:")
    others = [
        "SELECT i, i * 2 AS k FROM range(5000) t(i)",
        "SELECT i, (i * 2)::INTEGER AS j FROM range(5000) t(i)",
        "SELECT i, i * 2 AS j FROM range(4999) t(i)",
        "SELECT i, CASE WHEN i = 7 THEN NULL ELSE i * 2 END AS j FROM range(5000) t(i)",
        "SELECT i, i * 2 AS j FROM range(5000) t(i) UNION ALL SELECT 0, 0",
    ]
    assert len({plain, *(of(q) for q in others)}) == 6


def test_equal_rows_do_not_cancel_out_in_a_fingerprint(engine):
    once = engine.fingerprint(engine.sql("SELECT 1 AS a"))
    assert once != engine.fingerprint(engine.sql("SELECT 1 AS a FROM range(3)"))


def test_names_with_quotes_are_names(engine):
    name = 'a"; DROP TABLE t; --'
    engine.materialise("SELECT 1 AS t", "t")
    frame = engine.materialise(f'SELECT 1 AS "{name.replace(chr(34), chr(34) * 2)}"', name)
    assert engine.arrow(frame).column_names == [name]
    assert len(engine.fingerprint(frame)) > 64
    engine.drop(name)
    assert engine.count(engine.frame("t")) == 1


def test_cores_are_those_this_process_may_use():
    assert 1 <= usable_cores() <= os.cpu_count()


def test_nothing_is_printed_at_exit_even_when_frames_outlive_the_engine():
    script = """
import narwhals as nw
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.resources import Resources
with open_engine(Resources(memory="256MB", threads=2)) as engine:
    kept = engine.materialise("SELECT range AS n, range % 7 AS g FROM range(1000)", "t")
    lazy = kept.group_by("g").agg(nw.col("n").sum())
    table = engine.arrow(lazy)
    first = next(iter(engine.batches(kept)))
    joined = kept.join(lazy, on="g").filter(nw.col("n") > 3)
    engine.count(joined)
holder = [kept, lazy, joined, engine, table]
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_printed_at_exit_when_an_error_ends_the_process():
    script = """
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.resources import Resources
engine = None
try:
    with open_engine(Resources(memory="256MB", threads=2)) as engine:
        kept = engine.materialise("SELECT 1 AS n", "t")
        engine.execute("SELECT nothing")
except Exception as error:
    raise SystemExit(4)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (4, "")
