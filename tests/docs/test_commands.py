"""Every command of README and docs runs, in reading order, on small data; what pages show is what is printed."""

import re
import shutil
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from docs.handbook.columns import SCORES
from docs.reading import NAMES, PAGES, blocks, commands
from hvc_ml.cli.app import app
from hvc_ml.errors import ModelRefused, UsageError
from hvc_ml.progress import Stages
from hvc_ml.workflows.demo import make

EVERY = [command for page in PAGES for command in commands(page)]
SMALL = ("--customers", "600")
LATE = ("campaign", "forget")
REFUSED = {"models rollback": ModelRefused, "identify": UsageError}
"""There is no earlier champion, as the page says; and no pseudonym."""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a file of orders, as a shop might export it."""
    monkeypatch.chdir(tmp_path)
    made = make(Path("made"), kind="retail", customers=1500, seed=7, stages=Stages())
    rows = pd.read_parquet(made.folder / "data" / "orders.parquet").sort_values("ordered_at", kind="stable")
    bought = rows["ordered_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").dt.strftime("%d.%m.%Y %H:%M")
    price = (rows["amount"] / rows["quantity"].clip(lower=1)).round(2)
    columns = {"invoice": rows["order_id"], "customer": rows["customer_id"], "bought": bought}
    columns |= {"quantity": rows["quantity"], "unit_price": price, "category": rows["category"]}
    pd.DataFrame(columns).to_csv("orders.csv", sep=";", index=False)
    return tmp_path


def run(argv):
    """What a command prints; in this process, where everything heavy is loaded once."""
    refused = REFUSED.get(argv[0] if argv[0] == "identify" else " ".join(argv[:2]))
    with suppress(refused) if refused else nullcontext():
        result = CliRunner().invoke(app, list(argv), catch_exceptions=False)
        assert result.exit_code == 0, f"{' '.join(argv)}: {result.output}"
        return result.stdout
    return ""


def fitted(command):
    """The command on small data: fewer customers, one who is there, a server that does not stay; nothing twice."""
    argv = [word for word in command.argv if word != "-q"]
    if argv[0] == "demo":
        argv = [*(argv[: argv.index("--customers")] if "--customers" in argv else argv), *SMALL]
    if "--change" in argv:
        at = argv.index("--change") + 1
        argv[at : at + 2] = ["latest", "latest"]  # there is one list only
    elif argv[0] == "explain":
        argv[1] = scored(command.project)["customer_id"].iloc[0]
    if argv[0] == "evaluate":
        argv += ["--cutoffs", "1"]
    if argv[0] == "ui" and "--print" not in argv:
        argv.append("--print")
    if argv[0] == "forget" and not (ids := Path(argv[argv.index("--id-file") + 1])).exists():
        ids.write_text(scored(command.project)["customer_id"].iloc[0])
    if argv[:2] == ["campaign", "import"]:
        shutil.copy(Path(command.project, "lists", "latest", "retention_list.csv"), argv[2])
    return argv


def scored(project):
    return pd.read_parquet(Path(project) / "lists" / "latest" / "scores.parquet")


def shrink(project):
    """Fewer cutoffs: the commands are tested here, not the models."""
    config = Path(project) / "hvc.yaml"
    text = re.sub(r"cutoffs: 12", "cutoffs: 3", re.sub(r"tests: 3", "tests: 1", config.read_text()))
    config.write_text(text)


def assert_shown(shown, said, command):
    """Every line that a page shows was printed, in that order; blanks do not count."""
    lines = iter([" ".join(line.split()) for line in said.splitlines()])
    for line in filter(None, (" ".join(line.split()) for line in shown.splitlines())):
        assert line in lines, f"{command.page}: not printed, or not there: {line}"


def play(project):
    """Run every command about a project once, in reading order, and compare what is shown.

    Campaigns come late: whoever was contacted rests, and would be on no list. Whoever is forgotten comes last.
    """
    said = {}
    ours = [c for c in EVERY if c.project == project]
    for command in sorted(ours, key=lambda c: LATE.index(c.argv[0]) if c.argv[0] in LATE else -1):
        argv = fitted(command)
        if argv[0] == "train" and said and not any(a[0] == "train" for a in said):
            shrink(project)
        if tuple(argv) not in said:
            said[tuple(argv)] = run(argv)
        if command.shown and project == "shop":
            assert_shown(command.shown, said[tuple(argv)], command)
    return said


@pytest.mark.parametrize("page", NAMES)
def test_every_command_belongs_to_a_story(page):
    assert {c.project for c in EVERY if c.page == page} <= {"shop", "demo", "club"}


@pytest.mark.timeout(900)  # a training and twenty commands, on a busy machine
def test_the_commands_for_your_own_orders(desk):
    said = play("shop")
    assert {"init", "check", "train", "score", "explain", "campaign"} <= {argv[0] for argv in said}
    for text in (t for page in PAGES for t in blocks(page, "python") if "import mlflow" in t):
        subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, timeout=120)
    told = {name for names in SCORES for name in names.split(", ")}
    assert set(scored("shop").columns) <= told


@pytest.mark.timeout(900)
def test_the_commands_of_the_demo(desk):
    assert len(play("demo")) >= 4


@pytest.mark.deep  # one more training; tests/workflows trains clubs
def test_the_commands_for_contracts(desk):
    assert len(play("club")) >= 1
    assert "contract_end" in Path("club/hvc.yaml").read_text()


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_what_pages_show_of_the_demo_is_what_it_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run(["demo"]).replace(f"{tmp_path}/", "")  # pages leave out where the reader stands
    shown = [c for c in EVERY if c.argv == ("demo",) and c.shown]
    assert len(shown) >= 2
    for command in shown:
        assert_shown(command.shown, said, command)
