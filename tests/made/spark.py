"""A small Spark of this machine, or a skip that says what is missing."""

import contextlib
import os
import shutil
from unittest import mock

import pytest

WORKERS = "local[2]"
QUICK = {  # a test's rows are few: compiling what is done with them would take longer than doing it
    "spark.driver.memory": "1g",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
}
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"


@contextlib.contextmanager
def spark(folder):
    """The session that `hvc_ml.tables.spark` finds and uses; what Spark leaves behind lies in ``folder``."""
    sql = pytest.importorskip("pyspark.sql", reason="needs the extra: pip install '.[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17 or later")
    from hvc_ml.tables.spark import spark_session  # noqa: PLC0415

    assert sql.SparkSession.getActiveSession() is None
    settings = QUICK | {
        "spark.driver.extraJavaOptions": f"{JAVA} -Djava.io.tmpdir={folder}",
        "spark.local.dir": f"{folder}/local",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
    }
    told = " ".join(f'--conf "{key}={value}"' for key, value in settings.items())
    with contextlib.ExitStack() as stack:
        with mock.patch.dict(os.environ, {"PYSPARK_SUBMIT_ARGS": f"{told} pyspark-shell"}):
            session = stack.enter_context(spark_session(WORKERS))
        session.conf.set("spark.sql.shuffle.partitions", "2")
        yield session
