"""The verbs, in the order in which a newcomer meets them."""

import typer

from hvc_ml import __version__
from hvc_ml.cli.campaign import campaign
from hvc_ml.cli.check import check
from hvc_ml.cli.churn_lab import churn_lab
from hvc_ml.cli.demo import demo
from hvc_ml.cli.doctor import doctor
from hvc_ml.cli.evaluate import evaluate
from hvc_ml.cli.explain import explain
from hvc_ml.cli.features import features
from hvc_ml.cli.forget import forget
from hvc_ml.cli.identify import identify
from hvc_ml.cli.init import init
from hvc_ml.cli.models import models
from hvc_ml.cli.monitor import monitor
from hvc_ml.cli.profile import profile
from hvc_ml.cli.report import report
from hvc_ml.cli.score import score
from hvc_ml.cli.train import train
from hvc_ml.cli.ui import ui

app = typer.Typer(
    name="hvc-ml",
    help="From a log of orders to a retention list a team can work tomorrow.\n\nStart with: hvc-ml demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (
    *(demo, init, check, doctor, profile, churn_lab, features),
    *(train, evaluate, score, report, explain, monitor, identify, forget, ui),
):
    app.command()(verb)

app.add_typer(models)
app.add_typer(campaign)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"hvc-ml {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: bool = typer.Option(
        False, "--version", callback=lambda v: _version(wanted=v), is_eager=True, help="Version."
    ),
) -> None:
    """From a log of orders to a retention list a team can work tomorrow.

    Start with: hvc-ml demo
    """
