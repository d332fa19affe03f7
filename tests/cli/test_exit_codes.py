"""What a user can do wrong: one line, its exit code, no traceback, nothing written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "customer,day,total,order\n"
ROWS = "".join(
    f"{c:03d},2024-{m:02d}-{d:02d},{10 + c}.50,{c}-{m}-{d}\n"
    for c in range(1, 40)
    for m in range(1, 13)
    for d in (3, 17)
)

CONFIG = """
name: shop
source: {kind: files, paths: {orders: orders.csv}}
tables:
  orders:
    columns: {customer_id: customer, ordered_at: day, amount: total, order_id: order}
labels: {horizon: 30, settle: 0}
resources: {memory: 1GB}
"""


def run(*argv, cwd, env=None):
    return subprocess.run(
        [sys.executable, "-m", "hvc_ml", *argv],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=env,
    )


def shop(folder: Path, orders: str = HEAD + ROWS, config: str = CONFIG) -> Path:
    (folder / "orders.csv").write_bytes(orders.encode())
    (folder / "hvc.yaml").write_text(config)
    return folder


def files(folder: Path) -> set[str]:
    return {
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if ".hvc-ml" not in p.parts and "models" not in p.parts
    }


CASES = {
    "a misspelt key": (HEAD + ROWS, CONFIG + "calender: {}\n", "check", 3, "did you mean 'calendar'"),
    "a missing column": (HEAD.replace("total", "sum") + ROWS, CONFIG, "check", 4, "total"),
    "an empty file": ("", CONFIG, "check", 4, "empty"),
    "a header without rows": (HEAD, CONFIG, "check", 4, "row"),
    "a wrong date format": (HEAD + ROWS.replace("2024-", "31/02/"), CONFIG, "check", 4, "date_format"),
    "a date that could be read two ways": (HEAD + "1,03/04/2024,5,a\n", CONFIG, "check", 4, "date_format"),
    "an amount that is no number": (HEAD + ROWS + "9,2024-12-20,ten,x\n", CONFIG, "check", 4, "aaa"),
    "a customer that is missing": (HEAD + ROWS + ",2024-12-20,5,x\n", CONFIG, "check", 4, "drop_anonymous"),
    "a horizon longer than the history": (
        HEAD + ROWS,
        CONFIG.replace("horizon: 30", "horizon: 900"),
        "train",
        5,
        "latest usable cutoff",
    ),
    "nothing to evaluate": (
        HEAD + ROWS,
        CONFIG.replace("horizon: 30", "horizon: 900"),
        "evaluate",
        5,
        "latest usable cutoff",
    ),
    "everyone churned": (
        HEAD
        + "".join(f"{c},2024-01-{d:02d},5,{c}-{d}\n" for c in range(300) for d in range(1, 20))
        + "0,2024-09-01,5,x\n",
        CONFIG,
        "train",
        5,
        "churned",
    ),
    "no champion": (HEAD + ROWS, CONFIG, "score", 6, "hvc-ml train"),
    "no list to report": (HEAD + ROWS, CONFIG, "report", 5, "no list yet"),
    "no list to watch": (HEAD + ROWS, CONFIG, "monitor", 5, "no list yet"),
    "nobody to forget": (HEAD + ROWS, CONFIG, "forget", 2, "--id-file"),
    "no file of those to forget": (HEAD + ROWS, CONFIG, "forget --id-file erase.txt", 4, "cannot be read"),
    "nobody to take in again": (HEAD + ROWS, CONFIG, "forget --id 7 --allow-again", 2, "was forgotten here"),
    "pseudonyms without a key": (
        HEAD + ROWS,
        CONFIG.replace("files,", "files, pseudonyms: true,"),
        "check",
        3,
        "HVC_PSEUDONYM_KEY",
    ),
    "ids of a list that has them": (HEAD + ROWS, CONFIG, "identify --to x.csv", 2, "source.pseudonyms is off"),
    "no such version": (HEAD + ROWS, CONFIG, "models promote 7", 6, "no version 7"),
    "no champion before": (HEAD + ROWS, CONFIG, "models rollback", 6, "no earlier champion"),
    "a profile by what is no attribute": (
        HEAD + ROWS,
        CONFIG + "profile: {by: [town]}\n",
        "profile",
        3,
        "no text attribute",
    ),
    "no list that was worked": (HEAD + ROWS, CONFIG, "campaign import orders.csv", 2, "no list yet"),
    "no lists to compare": (HEAD + ROWS, CONFIG, "explain --change 2025 latest", 2, "no such list"),
    "nothing to explain": (HEAD + ROWS, CONFIG, "explain", 2, "--change OLD NEW"),
    "no file of contacts": (HEAD + ROWS, CONFIG, "campaign import worked.csv", 4, "cannot be read"),
    "nothing to compare definitions on": (
        HEAD + ROWS,
        CONFIG + "calendar: {min_history: 900}\n",
        "churn-lab",
        5,
        "Bring older orders",
    ),
}


@pytest.mark.parametrize(("orders", "config", "verb", "code", "says"), CASES.values(), ids=CASES)
def test_a_mistake_has_its_message_and_its_code_and_writes_nothing(tmp_path, orders, config, verb, code, says):
    folder = shop(tmp_path, orders, config)
    result = run(*verb.split(), cwd=folder)
    assert result.returncode == code, result.stderr
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not {f for f in files(folder) if f.startswith("lists")}


def test_errors_are_one_line_and_json_where_it_is_asked_for(tmp_path):
    result = run("check", "--json", cwd=shop(tmp_path, HEAD))
    assert result.returncode == 4
    assert len(result.stderr.strip().splitlines()) == 1
    assert json.loads(result.stdout)["error"]["exit_code"] == 4


def test_a_missing_config_says_how_to_write_one(tmp_path):
    result = run("check", cwd=tmp_path)
    assert result.returncode == 3
    assert "hvc-ml init" in result.stderr


def test_an_unknown_option_is_usage(tmp_path):
    assert run("check", "--fast", cwd=tmp_path).returncode == 2
    assert run("evaluate", "--cutoffs", "0", cwd=tmp_path).returncode == 2
    assert run("models", "promote", "newest", cwd=tmp_path).returncode == 2


def test_a_cells_value_is_never_shown(tmp_path):
    result = run("check", cwd=shop(tmp_path, HEAD + ROWS + "9,2024-12-20,Secret77,x\n"))
    assert "Secret77" not in result.stderr + result.stdout
    assert "Aaaaaa99" in result.stderr or "aaaaaa99" in result.stderr


def test_ids_that_differ_only_in_leading_zeros_are_kept_apart_and_said(tmp_path):
    result = run("check", "--json", cwd=shop(tmp_path, HEAD + ROWS + "7,2024-12-20,5,x\n0007,2024-12-20,5,y\n"))
    assert result.returncode == 0, result.stderr
    assert any("zero" in p for p in json.loads(result.stdout)["problems"])


def test_strict_turns_warnings_into_an_error(tmp_path):
    folder = shop(tmp_path, HEAD + ROWS + "7,2024-12-20,5,x\n0007,2024-12-20,5,y\n")
    assert run("check", "--strict", cwd=folder).returncode == 4


def test_the_config_can_come_from_the_environment_and_cron_has_no_home(tmp_path):
    folder = shop(tmp_path)
    env = {"PATH": os.environ["PATH"], "HVC_CONFIG": str(folder / "hvc.yaml"), "LANG": "C"}
    result = run("check", "--json", cwd="/", env=env)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert json.loads(result.stdout)["tables"]["orders"]["kept"] == ROWS.count("\n")


def test_init_writes_a_config_that_check_accepts_and_does_not_replace_one(tmp_path):
    (tmp_path / "orders.csv").write_text(HEAD + ROWS)
    result = run("init", "shop", "--orders", "orders.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert run("check", "-c", "shop", cwd=tmp_path).returncode == 0
    again = run("init", "shop", "--orders", "orders.csv", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert run("init", "shop", "--orders", "orders.csv", "--force", cwd=tmp_path).returncode == 0


def test_the_demo_writes_data_and_truth_and_stops_where_asked(tmp_path):
    result = run("demo", "club", "--kind", "subscription", "--customers", "300", "--data-only", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert Path(tmp_path, made["config"]).is_file()
    assert list((tmp_path / "club" / "truth").glob("*.parquet"))
    assert run("check", "-c", "club", cwd=tmp_path).returncode == 0
