"""Ids, names, e-mails, passwords and keys are planted; everything a run leaves is read, and holds them nowhere."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli.app import app
from hvc_ml.config import load_config
from hvc_ml.scoring.signing import KEY as SIGNING_KEY
from hvc_ml.tables.pseudonyms import KEY, pseudonym
from workflows import worked

ID = re.compile(rb"C0\d{6}")
"""How the made-up shop writes its customers."""
SECRETS = {KEY: "canary-of-the-pseudonyms", "HVC_TEST_STORE": "http://ann:canary-of-the-store@127.0.0.1:9/"}
PEOPLE = ("Canary Blue", "canary.blue@example.org")
OUTSIDE = {"data", "truth"}
"""The source itself."""


def left(folder, without=OUTSIDE):
    """Every file below a folder, unpacked: (path, bytes); hidden ones as well."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        if path.relative_to(folder).parts[0] in without:
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = pd.read_parquet(path).to_csv().encode()
        elif path.suffix in {".xlsx", ".zip"}:
            with zipfile.ZipFile(path) as packed:
                content = b"".join(packed.read(part) for part in packed.namelist())
        elif path.suffix == ".gz":
            content = gzip.decompress(content)
        yield path.relative_to(folder).as_posix(), content


def holding(found, *canaries):
    """Names of what holds one of them, in whichever case."""
    wanted = [c if isinstance(c, re.Pattern) else re.compile(re.escape(c.encode()), re.IGNORECASE) for c in canaries]
    return sorted(name for name, content in found if any(w.search(content) for w in wanted))


def test_training_and_scoring_leave_ids_in_the_panel_and_the_lists_and_nowhere_else(trained):
    folder = trained[0].folder
    assert holding(left(folder), ID) != []
    assert {name.split("/")[0] for name in holding(left(folder), ID)} == {"features", "lists"}
    kept = {name.split("/")[0] for name, _ in left(folder)}
    assert {"models", ".hvc-ml"} <= kept  # they were looked at


@pytest.fixture
def planted(copied, monkeypatch, tmp_path):
    """The trained shop's source in a folder of its own: with people in it, a row at fault, and secrets around it."""
    for folder in (copied.features, copied.lists, copied.campaigns, copied.state):
        shutil.rmtree(folder, ignore_errors=True)
    people = copied.folder / "data" / "customers.parquet"
    pd.read_parquet(people).assign(full_name=PEOPLE[0], email=PEOPLE[1]).to_parquet(people, index=False)
    orders = copied.folder / "data" / "orders.parquet"
    known = pd.read_parquet(orders)
    broken = known.head(1).assign(amount=np.nan, order_id=PEOPLE[1])
    pd.concat([known, broken], ignore_index=True).astype(known.dtypes).to_parquet(orders, index=False)
    text = copied.path.read_text().replace("  kind: files\n", "  kind: files\n  pseudonyms: true\n", 1)
    text = text.replace("    refunds: net\n", "    refunds: net\n    max_rejected: 0.01\n", 1)
    text = text.replace(
        "      region: region\n", "      region: region\n      email: email\n      full_name: full_name\n", 1
    )
    assert "max_rejected" in text
    assert "email" in text
    copied.path.write_text(text)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    return load_config(copied.path)


def test_with_pseudonyms_no_verb_leaves_an_id_a_name_or_a_key_anywhere(planted, tmp_path, trained):
    listed = trained[2].plan["customer_id"].tolist()
    known = pseudonym(listed[0], SECRETS[KEY].encode())
    (tmp_path / "worked.csv").write_text("customer_id\n" + "\n".join(listed[:50]) + "\n")
    (tmp_path / "erase.txt").write_text(f"{listed[1]}\n")
    told = {}
    for argv in (
        ["check"],
        ["score", "-v"],
        ["explain", listed[0], "--html", str(planted.folder / "page.html")],
        ["campaign", "import", str(tmp_path / "worked.csv")],
        ["monitor", "-v"],
        ["forget", "--id-file", str(tmp_path / "erase.txt")],
    ):
        result = CliRunner().invoke(app, [*argv, "-c", str(planted.path)], catch_exceptions=False)
        assert result.exit_code in {0, 7}, result.output
        told[argv[0]] = result.output.encode()
    assert known.encode() in told["explain"]
    assert b"rejected" in told["check"] or b"bad_amount" in told["check"] or b"no_amount" in told["check"]
    everything = [*left(planted.folder), *left(tmp_path / "tmp", without=()), *told.items()]
    assert {"features", "lists", "campaigns", "monitor", ".hvc-ml", "models"} <= {
        n.split("/")[0] for n, _ in everything
    }
    assert holding(everything, known) != []
    assert holding(everything, ID, *PEOPLE, *SECRETS.values(), "canary-of") == []


def test_without_pseudonyms_a_row_at_fault_is_kept_for_its_owner_and_nowhere_else(tmp_path):
    project = worked.shop(tmp_path, cutoffs=())
    with (tmp_path / "orders.csv").open("a") as file:
        file.write(f"{PEOPLE[1]},2024-02-01,{PEOPLE[0]},9\n")
    result = CliRunner().invoke(app, ["check", "-c", str(project.path)])
    assert result.exit_code != 0
    assert holding([*left(tmp_path, {"orders.csv"}), ("", result.output.encode())], *PEOPLE) == [".hvc-ml/rejected.csv"]
    assert (project.state / "rejected.csv").stat().st_mode & 0o777 == 0o600


def ran(argv, folder, **env):
    (folder / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        env={**os.environ, **SECRETS, "TMPDIR": str(folder / "tmp"), **env},
        capture_output=True,
        timeout=120,
        check=False,
    )


DATABASE = "kind: postgres, url: '${env:HVC_TEST_DATABASE}'"
STORE = "tracking: {uri: '${env:HVC_TEST_STORE}'}"


@pytest.mark.parametrize(
    ("verb", "old", "new"),
    [
        ("check", "kind: files, paths: {orders: orders.csv}", DATABASE),
        pytest.param("train", "resources:", f"{STORE}\nresources:", marks=pytest.mark.deep),
    ],
)
def test_a_service_that_is_down_takes_no_password_with_it(tmp_path, verb, old, new):
    project = worked.shop(tmp_path, cutoffs=())
    project.path.write_text(worked.CONFIG.replace(old, new))
    url = "postgresql://ann:canary-of-the-database@127.0.0.1:9/shop"
    result = ran(["-m", "hvc_ml", verb, "-v"], tmp_path, HVC_TEST_DATABASE=url)
    assert result.returncode == 9, result.stderr
    everything = [*left(tmp_path, ()), ("stdout", result.stdout), ("stderr", result.stderr)]
    assert holding(everything, "canary-of") == []


BUG = """
import os
from hvc_ml.cli import edge
from hvc_ml.workflows import check
def broken(*args, **kwargs):
    canary = os.environ["HVC_TEST_CANARIES"]
    try:
        raise KeyError(canary)
    except KeyError as error:
        raise RuntimeError(f"no such customer: {canary} at {os.environ['HVC_TEST_STORE']}") from error
check.check = broken
edge.run()
"""


def test_a_crash_report_says_where_and_names_nobody(tmp_path):
    canaries = (*PEOPLE, "C0001234", "postgresql://ann:canary-of-the-database@127.0.0.1/shop")
    worked.shop(tmp_path, cutoffs=())
    (tmp_path / "bug.py").write_text(BUG)
    result = ran(["bug.py", "check"], tmp_path, HVC_TEST_CANARIES=" ".join(canaries))
    assert result.returncode == 1
    (report,) = (tmp_path / "tmp").glob("hvc-ml-crash-*.txt")
    text = report.read_text()
    assert "bug.py" in text
    assert re.search(r"KeyError: .*\n+That led to:\n[\s\S]*RuntimeError: no such customer: ", text)
    assert report.stat().st_mode & 0o777 == 0o600
    everything = [("report", report.read_bytes()), ("out", result.stdout), ("err", result.stderr)]
    assert holding(everything, *canaries, "canary-of", "blue") == []


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_training_under_pseudonyms_with_a_signature_leaves_none_of_it_either(planted, monkeypatch, trained, tmp_path):
    monkeypatch.setenv(SIGNING_KEY, "canary-of-the-signature")
    shutil.rmtree(planted.models)
    (tmp_path / "none.txt").write_text("nobody\n")
    told = []
    for argv in (
        *(["train", "-v"], ["score", "-v"], ["explain", trained[2].plan["customer_id"].iloc[0]]),
        *(["explain", "--change", "latest", "latest", "--to", str(planted.folder / "moved")], ["report"], ["profile"]),
        *(["churn-lab"], ["doctor"], ["evaluate", "--cutoffs", "1"], ["models", "list"], ["campaign", "measure"]),
        *(["identify", "--to", str(tmp_path / "team.csv")], ["forget", "--id-file", str(tmp_path / "none.txt")]),
    ):
        result = CliRunner().invoke(app, [*argv, "-c", str(planted.path)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        told.append((" ".join(argv[:2]), result.output.encode()))
    assert holding(left(tmp_path, {"shop"}), ID) == ["team.csv"]
    assert holding([*told, *left(planted.folder), *left(tmp_path / "tmp", ())], ID, *PEOPLE, "canary-of") == []
