"""Ours beside lifetimes, pymc-marketing and LightGBM alone: the same customers, cutoffs and figures, and the seconds.

python -m benchmarks.side_by_side cdnow cdnow-39-weeks online-retail complete-journey

The peers are optional: `pip install '.[benchmark]'` brings lifetimes. pymc-marketing 0.19 wants other versions than the
tested set of constraints.txt (cachetools < 7); give it an environment of its own: `python -m venv .venv-peers`, then
`.venv-peers/bin/pip install -e '.[benchmark]' pymc-marketing`. A peer that is missing or raises has a row that says so.

Seconds are of one thread's processor time, children included, after one fit to warm up (pymc-marketing compiles).
"""

import argparse
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.contestants import Predict, Task, fit_prior, lightgbm_alone, prior_alone, recipe
from benchmarks.logs import History, Log, history_of, open_log, plain_rows
from benchmarks.peers import PEERS, installed, past_of
from benchmarks.published import published_answers
from benchmarks.tables import gap, machine, number, table
from hvc_ml.evaluation.scorecard import Rows, Scorecard
from hvc_ml.workflows.fitting import prior_of, rows_of

LOGS: Final = ("cdnow", "cdnow-39-weeks", "online-retail", "complete-journey")
METRICS: Final = {
    "churn AUC": "churn_auc",
    "value Gini": "value_gini",
    "value in top 20 %": "value_captured_20",
    "Spearman": "value_spearman",
    "total bias": "value_bias",
}
OURS: Final = "**hvc-ml**"


@dataclass(frozen=True)
class Moment:
    """A test cutoff of a log: what every contestant is given, in memory.

    Attributes
    ----------
    frame
        Features of who is scored.
    history
        Of everyone who ever bought.
    """

    log: Log
    cutoff: date
    frame: pd.DataFrame
    history: History


@dataclass
class Measured:
    """What was seen of one contestant on one log."""

    said: list[pd.DataFrame] = field(default_factory=list)
    fit_seconds: list[float] = field(default_factory=list)
    predict_seconds: list[float] = field(default_factory=list)
    remarks: dict[str, list[date]] = field(default_factory=dict)  # where each was found
    raised: bool = False


Contestant = Callable[[Moment], tuple[Predict, str]]
"""Fits at a moment; with what a reader should know of the fit, or nothing."""


def main() -> None:
    """Print the published answers reproduced, then one table per log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="*", default=LOGS, help=f"any of {', '.join(LOGS)}")
    parser.add_argument("--skip-published", action="store_true", help="leave out the published CDNOW answers")
    asked = parser.parse_args()
    print(machine("lifetimes", "pymc-marketing", "lightgbm", "numpy", "pandas", "scipy"))
    if not asked.skip_published:
        print(f"\n### Published answers, CDNOW 1/10 sample\n\n{published_answers()}")
    for name in asked.logs:
        print(side_by_side(open_log(name)), flush=True)


def side_by_side(log: Log) -> str:
    """Measure every contestant at every test cutoff of a log."""
    moments = [Moment(log, c, plain_rows(log.partitions[c]), history_of(log.partitions[c])) for c in log.tests]
    found = {name: measure(contestant, moments) for name, contestant in CONTESTANTS.items()}
    return report(log, moments, found)


def measure(contestant: Contestant, moments: list[Moment]) -> Measured:
    """Fit and predict once to warm up, then once at each moment, in processor seconds."""
    measured = Measured()
    try:
        contestant(moments[0])[0](moments[0].frame)
        for moment in moments:
            _measure(contestant, moment, measured)
    except Exception as error:  # noqa: BLE001 # whatever a peer raises is a finding, and belongs in the table
        first = str(error).strip().splitlines()[:1] or [""]
        measured.remarks[f"{type(error).__name__}: {first[0]}"] = []
        measured.raised = True
    return measured


def _measure(contestant: Contestant, moment: Moment, measured: Measured) -> None:
    start = _seconds()
    predict, remark = contestant(moment)
    fitted = _seconds()
    said = predict(moment.frame)
    measured.predict_seconds.append(_seconds() - fitted)
    measured.fit_seconds.append(fitted - start)
    whole, trouble = _finite(said, moment)
    measured.said.append(whole)
    for text in filter(None, (remark, trouble)):
        measured.remarks.setdefault(text, []).append(moment.cutoff)


def our_prior(moment: Moment) -> tuple[Predict, str]:
    """BG/NBD and gamma-gamma of our own."""
    prior = fit_prior(moment.history, float(moment.frame["mean_order"].mean()))
    return prior_alone(prior, moment.log.config.labels.horizon), ""


def our_recipe(moment: Moment) -> tuple[Predict, str]:
    """Everything, with a prior for every cutoff it learns from."""
    log, split = moment.log, moment.log.timeline.split(moment.cutoff)
    frames = {c: rows_of(log.partitions[c], log.config) for c in {*split.fit, *split.calibrate}}
    prior = prior_of(log.partitions[moment.cutoff], moment.frame, log.config)
    remark = "" if split.fit else "stays on the prior, because no earlier cutoff has a known future"
    return recipe(Task(log.config, split, frames, log.features), prior), remark


def trees(moment: Moment) -> tuple[Predict, str]:
    """LightGBM alone."""
    log, split = moment.log, moment.log.timeline.split(moment.cutoff)
    frames = {c: plain_rows(log.partitions[c]) for c in {*split.fit, *split.calibrate}}
    return lightgbm_alone(Task(log.config, split, frames, log.features)), ""


def peer(name: str) -> Contestant:
    """A peer by name."""

    def contestant(moment: Moment) -> tuple[Predict, str]:
        if not installed(name):
            message = f"{name} is not installed"
            raise ModuleNotFoundError(message)
        fitted = PEERS[name](moment.history)
        horizon = moment.log.config.labels.horizon
        return lambda frame: fitted.predict(past_of(frame), horizon), fitted.remark

    return contestant


CONTESTANTS: Final[Mapping[str, Contestant]] = {
    OURS: our_recipe,
    "hvc-ml, prior alone": our_prior,
    "LightGBM alone": trees,
    **{name: peer(name) for name in PEERS},
}


def _finite(said: pd.DataFrame, moment: Moment) -> tuple[pd.DataFrame, str]:
    """Predictions with their keys; a value that is no number counts as nothing, a risk that is none as certain."""
    bad = int((~np.isfinite(said[["churn_risk", "value"]])).any(axis=1).sum())
    mended = said.replace([np.inf, -np.inf], np.nan).fillna({"churn_risk": 1.0, "value": 0.0})
    trouble = f"{bad:,} of {len(said):,} predictions are not finite" if bad else ""
    return pd.concat([moment.frame[["customer_id", "cutoff"]], mended], axis=1), trouble


def report(log: Log, moments: list[Moment], found: Mapping[str, Measured]) -> str:
    """One row per contestant, and what a reader should know of them."""
    rows = Rows.of(pd.concat([m.frame for m in moments], ignore_index=True))
    whole = {name: pd.concat(m.said, ignore_index=True) for name, m in found.items() if not m.raised}
    aligned = {name: rows.align(said, ("churn_risk", "value")) for name, said in whole.items()}
    predictions = {name: (a["churn_risk"], a["value"]) for name, a in aligned.items()}
    card = Scorecard.of(rows, predictions, dict.fromkeys(predictions, tuple(METRICS.values())))
    head = ["", *METRICS, "our Gini minus its (95 %)", "fit s", "predict s"]
    lines = [_row(name, m, card) for name, m in found.items()]
    tests = ", ".join(map(str, log.tests))
    remarks = "\n".join(_remark(name, text, at) for name, m in found.items() for text, at in m.remarks.items())
    title = f"\n### {log.name}, {log.config.labels.horizon} days, test {tests}, {len(rows.value):,} rows\n"
    return "\n".join([title, table(head, lines), *(["", remarks] if remarks else [])])


def _remark(name: str, text: str, cutoffs: list[date]) -> str:
    where = f" (at {', '.join(map(str, cutoffs))})" if cutoffs else ""
    return f"- {name}: {text}{where}."


def _row(name: str, measured: Measured, card: Scorecard) -> list[str]:
    if measured.raised:
        return [name, *["-"] * (len(METRICS) + 3)]
    figures = [number(card.points[name, metric]) for metric in METRICS.values()]
    seconds = (number(float(np.mean(s)), 2) for s in (measured.fit_seconds, measured.predict_seconds))
    return [name, *figures, _gap(name, card), *seconds]


def _gap(name: str, card: Scorecard) -> str:
    if name == OURS or (OURS, "value_gini") not in card.points:
        return ""
    return gap(card.difference(OURS, name, "value_gini"))


def _seconds() -> float:
    """Seconds of processor time of this process and its children (compilers): no matter who shares the machine."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main()
