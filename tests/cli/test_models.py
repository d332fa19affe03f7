"""What `models` prints."""

from datetime import UTC, datetime

from typer.testing import CliRunner

from hvc_ml.cli import models as verb
from hvc_ml.cli.app import app
from hvc_ml.cli.console import Console
from hvc_ml.tracking.decisions import Decision, reigns
from hvc_ml.tracking.registry import Version
from hvc_ml.workflows.models import ModelsResult, Moved

DAYS = [datetime(2026, 1, d, 3, 30, tzinfo=UTC) for d in (1, 2, 3)]
OUT = Console(as_json=False, verbose=False, quiet=False)


def version(number, *decisions, aliases=(), **tags):
    return Version(number, aliases, "run", DAYS[number - 1], tags, decisions)


def test_the_list_shows_versions_newest_first_and_why(capsys):
    first = Decision(1, "promoted", DAYS[0], "first version with signal")
    second = Decision(2, "refused", DAYS[1], "worse than the champion")
    found = [
        version(3),
        version(2, second, aliases=("challenger",), grade="B", rung="boosted", **{"churn/auc": "0.71"}),
        version(1, first, aliases=("champion",), grade="C", **{"churn/auc": "0.8125", "value/gini": "0.7"}),
    ]
    verb._show(OUT, ModelsResult("shop", tuple(found), tuple(reigns([first, second], 1))))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:4] == [
        "3 2026-01-03 03:30",
        "2 challenger 2026-01-02 03:30 B boosted 0.710 no 2026-01-02 03:30",
        "1 champion 2026-01-01 03:30 C 0.812 0.700 yes 2026-01-01 03:30",
    ]
    assert lines[5:] == ["version reason", "2 worse than the champion", "1 first version with signal"]


def test_a_project_without_versions_is_told_what_to_do(capsys):
    verb._show(OUT, ModelsResult("shop", (), ()))
    assert capsys.readouterr().out == "shop: no version yet. Run `hvc-ml train`.\n"


def test_a_move_is_one_sentence():
    assert verb._sentence(Moved(2, 1, "by hand: x")) == "Version 2 is champion now instead of version 1 (by hand: x)."
    assert verb._sentence(Moved(2, None, "by hand: x")) == "Version 2 is champion now (by hand: x)."
    assert verb._sentence(Moved(2, 2, "version 2 is the champion already")).startswith("Nothing to do: version 2")


def test_the_commands_call_their_workflow_with_what_was_said(monkeypatch):
    said = []
    monkeypatch.setattr("hvc_ml.config.load_config", lambda path: path.name)

    def moved(project, *version, reason, stages):
        said.append((project, *version, reason))
        return Moved(2, 1, f"by hand: {reason}")

    monkeypatch.setattr("hvc_ml.workflows.models.promote", moved)
    monkeypatch.setattr("hvc_ml.workflows.models.rollback", moved)
    monkeypatch.setattr("hvc_ml.workflows.models.list_models", lambda *_, **__: ModelsResult("shop", (), ()))
    promoted = CliRunner().invoke(app, ["models", "promote", "2", "--reason", "better", "-c", "a.yaml", "--json"])
    assert '"changed": true' in promoted.stdout
    assert (
        "instead of version 1 (by hand: worse)"
        in CliRunner().invoke(app, ["models", "rollback", "--reason", "worse"]).stdout
    )
    assert CliRunner().invoke(app, ["models", "list", "-q"]).stdout == ""
    assert said == [("a.yaml", 2, "better"), ("hvc.yaml", "worse")]


def test_a_version_is_a_number():
    assert CliRunner().invoke(app, ["models", "promote", "newest"]).exit_code == 2
    assert CliRunner().invoke(app, ["models", "promote", "0"]).exit_code == 2
