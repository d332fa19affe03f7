"""Help answers at once: it loads nothing but the command line itself."""

import json
import subprocess
import sys

import pytest

LOADED = "import json, sys; sys.argv = ['hvc-ml', *{argv!r}]\nfrom hvc_ml.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nsys.stderr.write(json.dumps(sorted(m for m in sys.modules if '.' not in m or m.startswith('hvc_ml'))))"

HEAVY = {
    "duckdb",
    "jinja2",
    "lightgbm",
    "matplotlib",
    "mlflow",
    "narwhals",
    "numba",
    "numpy",
    "optuna",
    "pandas",
    "pyarrow",
    "pydantic",
    "rich",
    "scipy",
    "shap",
    "sklearn",
    "xlsxwriter",
    "yaml",
}

OURS = {
    "hvc_ml",
    "hvc_ml.__main__",
    "hvc_ml.cli",
    "hvc_ml.cli.app",
    "hvc_ml.cli.campaign",
    "hvc_ml.cli.check",
    "hvc_ml.cli.churn_lab",
    "hvc_ml.cli.console",
    "hvc_ml.cli.demo",
    "hvc_ml.cli.doctor",
    "hvc_ml.cli.edge",
    "hvc_ml.cli.evaluate",
    "hvc_ml.cli.explain",
    "hvc_ml.cli.features",
    "hvc_ml.cli.forget",
    "hvc_ml.cli.identify",
    "hvc_ml.cli.init",
    "hvc_ml.cli.models",
    "hvc_ml.cli.monitor",
    "hvc_ml.cli.options",
    "hvc_ml.cli.profile",
    "hvc_ml.cli.report",
    "hvc_ml.cli.score",
    "hvc_ml.cli.train",
    "hvc_ml.cli.ui",
    "hvc_ml.errors",
    "hvc_ml.progress",
}


def loaded(*argv):
    run = subprocess.run(
        [sys.executable, "-c", LOADED.format(argv=list(argv))], capture_output=True, text=True, check=True
    )
    return run.stdout, set(json.loads(run.stderr))


@pytest.mark.parametrize("argv", [("--help",), ("train", "--help"), ("--version",)])
def test_help_loads_the_command_line_and_nothing_heavy(argv):
    said, modules = loaded(*argv)
    assert "hvc-ml" in said
    assert not modules & (HEAVY - {"pydantic"})  # Typer looks for it when a verb has options
    assert {m for m in modules if m.startswith("hvc_ml")} == OURS


def test_reading_a_config_loads_no_engine_and_no_model():
    code = "import sys, hvc_ml.config; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = sorted(HEAVY - {"pydantic", "yaml", "narwhals"})
    run = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
