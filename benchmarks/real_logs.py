"""Check, train and score real logs and both demos, and print the tables of ``docs/benchmarks.md``.

python -m benchmarks.real_logs online-retail cdnow cdnow-39-weeks complete-journey demo-retail demo-subscription
"""

import argparse
import platform
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from hvc_ml.config import Project, load_config
from hvc_ml.progress import Stages
from hvc_ml.workflows import demo
from hvc_ml.workflows.check import CheckResult, check
from hvc_ml.workflows.listing import ScoreResult
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import TrainResult, train

CONFIGS = Path(__file__).parents[1] / "configs"
LOGS = ("online-retail", "cdnow", "cdnow-39-weeks", "complete-journey", "demo-retail", "demo-subscription")
DEMO_CUSTOMERS, DEMO_SEED = 20_000, 7
HEADLINE = ("churn_auc", "value_gini", "value_captured_20", "value_spearman")


def main() -> None:
    """Run every log that was asked for in a folder of its own, thrown away afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=LOGS, help=f"any of {', '.join(LOGS)}")
    print(_machine())
    for name in parser.parse_args().logs:
        with tempfile.TemporaryDirectory() as folder:
            print(_measured(name, Path(folder)))


def _measured(name: str, folder: Path) -> str:
    project, stages = project_of(name, folder), Stages()
    checked = check(project, strict=False, stages=stages)
    trained = train(project, promote=True, stages=stages)
    scored = score(project, cutoff=None, limits=Limits(), stages=stages) if trained.promoted else None
    parts = [f"\n### {name}\n", _rows(checked), _figures(trained), _list(scored), _seconds(stages)]
    return "\n".join(parts)


def project_of(name: str, folder: Path) -> Project:
    """The config beside a run's own files; its paths still lead to the real logs, or to a demo made up there."""
    if name.startswith("demo-"):
        return _demo(name, folder)
    text = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8")
    data = (CONFIGS.parent.parent / "shared").resolve()
    (folder / "hvc.yaml").write_text(text.replace("../../shared", str(data)), encoding="utf-8")
    return load_config(folder)


def _demo(name: str, folder: Path) -> Project:
    """A made-up business with as many test cutoffs as the real logs."""
    kind: Literal["retail", "subscription"] = "subscription" if name == "demo-subscription" else "retail"
    made = demo.make(folder, kind=kind, customers=DEMO_CUSTOMERS, seed=DEMO_SEED, stages=Stages())
    project = load_config(made.config)
    calendar = project.config.calendar.model_copy(update={"tests": 3})
    return replace(project, config=project.config.model_copy(update={"calendar": calendar}))


def _rows(result: CheckResult) -> str:
    lines = ["| table | rows | kept | rejected | orders | why |", "|---|---|---|---|---|---|"]
    for name, r in result.reports.items():
        why = ", ".join(f"{reason}: {n:,}" for reason, n in r.reasons.items()) or "-"
        orders = "" if r.orders is None else f"{r.orders:,}"
        lines.append(f"| {name} | {r.rows:,} | {r.kept:,} | {r.rejected:,} | {orders} | {why} |")
    return "\n".join(lines) + "\n"


def _figures(result: TrainResult) -> str:
    split = result.cutoffs
    lines = [
        (
            f"Rung `{result.rung}`, grade {result.grade.letter}; fit {_span(split['fit'])}, calibrate "
            f"{_span(split['calibrate'])}, test {_span(split['test'])}. {result.panel.says}"
        ),
        "",
        "| | churn AUC | value Gini | value in top 20 % | Spearman |",
        "|---|---|---|---|---|",
    ]
    for name, found in {"**hvc-ml**": result.metrics, **result.baselines}.items():
        figures = " | ".join("" if found.get(m) is None else f"{found[m]:.3f}" for m in HEADLINE)
        lines.append(f"| {name.replace('_', ' ')} | {figures} |")
    more = {m: v for m, v in result.metrics.items() if m not in HEADLINE and v is not None}
    lines += ["", "Further: " + ", ".join(f"{m.replace('_', ' ')} {v:.3f}" for m, v in more.items()) + "."]
    return "\n".join(lines) + "\n"


def _list(result: ScoreResult | None) -> str:
    if result is None:
        return "Not promoted, so no list was made.\n"
    gain = result.money(result.total_expected_gain)
    return f"List: {result.n_scored:,} scored, {result.n_listed:,} listed, expected gain {gain}.\n"


def _seconds(stages: Stages) -> str:
    head = "| stage | seconds |\n|---|---|\n"
    return head + "\n".join(f"| {name} | {seconds:.1f} |" for name, seconds in stages.seconds.items()) + "\n"


def _span(cutoffs: list[str]) -> str:
    if not cutoffs:
        return "-"
    return cutoffs[0] if len(cutoffs) == 1 else f"{cutoffs[0]} to {cutoffs[-1]} ({len(cutoffs)})"


def _machine() -> str:
    names = ("lightgbm", "duckdb", "pandas", "narwhals", "mlflow")
    return f"{platform.machine()}, Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in names)


if __name__ == "__main__":
    main()
