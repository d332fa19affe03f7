"""What `churn-lab` prints."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from typer.testing import CliRunner

from hvc_ml.cli import churn_lab as verb
from hvc_ml.cli.app import app
from hvc_ml.cli.console import Console
from hvc_ml.evaluation.definitions import Silences, grid
from hvc_ml.workflows.churn_lab import ChurnLabResult

OUT = Console(as_json=False, verbose=False, quiet=False)
CUTOFFS = (date(2026, 1, 1), date(2026, 2, 1))


def result():
    counts = pd.DataFrame(
        {"silent_days": [5, 5, 70], "returned_after": [10, 70, None], "customers": [5, 1, 4], "spent": [9, 1, 0]}
    )
    silences = [Silences.of(c, counts, usual) for c, usual in zip(CUTOFFS, (40, 50), strict=True)]
    found = grid(silences, [4, "auto"], (30, 60), watch=90)
    return ChurnLabResult("no_order", CUTOFFS, 90, (40, 50), found, ("auto", 60), found[-2], "it passes.", {})


def told(capsys, found):
    verb._show(OUT, found)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_grid_shows_rates_returns_and_which_cells_are_meant(capsys):
    lines = told(capsys, result())
    assert lines[0] == "The same customers at 2 cutoffs from 2026-01-01 to 2026-02-01, each watched for 90 days."
    assert lines[4:7] == [
        "active within (days) horizon 30 horizon 60",
        "4 nobody nobody",
        "auto (40 to 50, or the horizon) 16.7 ±0.0 (100) * 16.7 ±0.0 =",
    ]
    assert lines[8] == "Proposed: a horizon of 30 days for customers active within auto: it passes."
    assert lines[-4:] == ["population:", "active_within: auto", "labels:", "horizon: 30"]


def test_a_config_that_cannot_be_measured_is_told_so(capsys):
    lines = told(capsys, replace(result(), now=("auto", 365), cutoffs=CUTOFFS[:1]))
    assert "at the cutoff 2026-01-01, each" in lines[0]
    assert any(line.startswith("The config has a horizon of 365 days") and "too short" in line for line in lines)


def test_contracts_are_told_in_graces(capsys):
    found = replace(result(), kind="contract_end", now=("all", 14), usual=(None, None))
    lines = told(capsys, found)
    assert lines[0].startswith("Leaving is the contract's end here")
    assert "90 days after the horizon" in lines[1]
    assert any("grace 30" in line for line in lines)
    assert any(line.startswith("The config has a grace of 14 days") for line in lines)
    assert lines[-3:] == ["labels:", "churn: contract_end", "grace: 30"]


@pytest.mark.parametrize("option", ["--json", "-q"])
def test_the_verb_calls_its_workflow(monkeypatch, option):
    monkeypatch.setattr("hvc_ml.config.load_config", lambda path: path)
    monkeypatch.setattr("hvc_ml.workflows.churn_lab.churn_lab", lambda *_, **__: result())
    run = CliRunner().invoke(app, ["churn-lab", option])
    assert run.exit_code == 0
    assert ('"proposed"' in run.stdout) == (option == "--json")
