"""Make up a business, then do the whole job on it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hvc_ml.config import load_config
from hvc_ml.progress import Stages
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.tables.demo import DemoSettings, demo_config, write_demo
from hvc_ml.workflows.check import CheckResult, check
from hvc_ml.workflows.listing import ScoreResult
from hvc_ml.workflows.score import Limits, score
from hvc_ml.workflows.train import TrainResult, train


@dataclass(frozen=True)
class Made:
    """A made-up business on disk."""

    folder: Path
    config: Path

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {"folder": str(self.folder), "config": str(self.config)}


@dataclass(frozen=True)
class DemoResult:
    """The whole job on a made-up business."""

    made: Made
    checked: CheckResult
    train: TrainResult
    scored: ScoreResult

    @property
    def trained(self) -> str:
        """What training showed, in one line."""
        found = self.train.metrics
        return (
            f"Version {self.train.model_version}, grade {self.train.grade.letter}: churn AUC {found['churn_auc']:.3f}, "
            f"{found['value_captured_20']:.1%} of future value in the predicted top 20 %."
        )

    def as_json(self) -> dict[str, Any]:
        """The results of the verbs it ran."""
        return {
            **self.made.as_json(),
            "check": self.checked.as_json(),
            "train": self.train.as_json(),
            "score": self.scored.as_json(),
        }


def make(folder: Path, *, kind: Literal["retail", "subscription"], customers: int, seed: int, stages: Stages) -> Made:
    """Write ``data/``, ``truth/`` and ``hvc.yaml``."""
    settings = DemoSettings(kind=kind, customers=customers, seed=seed)
    with stages.stage("make up a business") as stage:
        write_demo(folder, settings, stage.step)
        stage.rows = customers
    config = folder / "hvc.yaml"
    write_bytes_atomic(config, demo_config(settings).encode())
    return Made(folder, config)


def run(made: Made, *, stages: Stages) -> DemoResult:
    """Check, train, score."""
    project = load_config(made.config)
    checked = check(project, strict=False, stages=stages)
    trained = train(project, promote=True, stages=stages)
    return DemoResult(made, checked, trained, score(project, cutoff=None, limits=Limits(), stages=stages))
