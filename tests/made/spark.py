"""A small Spark of this machine, or a skip that says what is missing."""

import contextlib
import os
import shutil
import warnings

import pytest

WORKERS = "local[2]"


@contextlib.contextmanager
def spark():
    """The session that `hvc_ml.tables.spark` finds and uses; it starts once for all tests of a file."""
    sql = pytest.importorskip("pyspark.sql", reason="needs the extra: pip install '.[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17 or later")
    from hvc_ml.tables.spark import spark_session  # noqa: PLC0415

    assert sql.SparkSession.getActiveSession() is None
    with spark_session(WORKERS) as session, warnings.catch_warnings():
        session.conf.set("spark.sql.shuffle.partitions", "3")
        yield session
