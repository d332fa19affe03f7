"""The whole retraining job: panel, models, out-of-time test beside the simple rules, registry, promotion."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from hvc_ml.config import Config, Project
from hvc_ml.errors import ModelRefused, ServiceError
from hvc_ml.evaluation.gate import Decision, promotion
from hvc_ml.evaluation.grade import MANY_TESTS, Grade, grade
from hvc_ml.evaluation.honesty import Panel
from hvc_ml.evaluation.slices import Slice
from hvc_ml.features.catalog import core
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.scoring.bundle import bundle_digest
from hvc_ml.scoring.model import CustomerModel, ModelInfo
from hvc_ml.scoring.serving import serving
from hvc_ml.timeline.calendar import Split, Timeline
from hvc_ml.tracking.registry import champion, refuse, register
from hvc_ml.tracking.registry import promote as make_champion
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.backtest import KEYS, backtest, needed
from hvc_ml.workflows.champions import answers, asked
from hvc_ml.workflows.doctor import certified
from hvc_ml.workflows.fitting import fit_at, frames_of, prior_of
from hvc_ml.workflows.further import with_further
from hvc_ml.workflows.pending import keep
from hvc_ml.workflows.quality import quality_of
from hvc_ml.workflows.sampling import Sample
from hvc_ml.workflows.search import search, validation
from hvc_ml.workflows.searched import Search
from hvc_ml.workflows.shop import Shop, open_shop
from hvc_ml.workflows.slicing import keep_slices, sliced
from hvc_ml.workflows.trained import Trained
from hvc_ml.workflows.training_record import recorded_run, run_description, run_tags
from hvc_ml.workflows.yardstick import campaign_of


@dataclass(frozen=True)
class TrainResult:
    """A trained, tested and registered model."""

    run_id: str
    model_version: str
    promoted: bool
    promotion_reason: str
    grade: Grade
    rung: str
    n_rows: int
    n_customers: int
    cutoffs: dict[str, list[str]]
    panel: Panel
    search: Search
    sample: Sample
    seconds: dict[str, float]

    @property
    def metrics(self) -> dict[str, Any]:
        """The model's figures on the test cutoffs."""
        return {name: value for name, value in self.panel.metrics().items() if name != "baselines"}

    @property
    def baselines(self) -> dict[str, dict[str, float | None]]:
        """The simple rules' figures on the same rows."""
        found: dict[str, dict[str, float | None]] = self.panel.metrics()["baselines"]
        return found

    def as_json(self) -> dict[str, Any]:
        """The contract's fields."""
        return {
            "run_id": self.run_id,
            "model_version": self.model_version,
            "promoted": self.promoted,
            "promotion_reason": self.promotion_reason,
            "grade": self.grade.letter,
            "grade_reason": self.grade.reason,
            "grade_lift": self.grade.lift,
            "rung": self.rung,
            "n_rows": self.n_rows,
            "n_customers": self.n_customers,
            "cutoffs": self.cutoffs,
            "metrics": self.panel.metrics(),
            "says": self.panel.says,
            "search": self.search.as_json(),
            "sample": self.sample.as_json(),
            "seconds": self.seconds,
        }


def train(project: Project, *, promote: bool, stages: Stages) -> TrainResult:
    """Train, test, register, and promote what earns it.

    Raises
    ------
    ServiceError
        If MLflow cannot be reached, and nothing is trained then; or where it falls silent after the training: the model
        is kept for `hvc_ml.workflows.pending.register_pending`.
    NotEnoughData
        If no cutoff has both its history and its horizon inside the orders, or nothing varies.
    GateFailed
        If something the models would learn from depends on what came later; nothing is trained then.
    """
    config = project.config
    with RunLock(project.state / "run.lock"):
        with stages.stage("open the registry"):
            store = open_store(config.tracking, project.folder, config.name)
        with open_shop(project, stages) as shop:
            trained = _trained(shop)
            with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
                return _registered(shop, store, trained, Path(scratch), promote=promote)


def _trained(shop: Shop) -> Trained:
    """Test the recipe at past moments, then fit it at the present one."""
    config, line, features = shop.project.config, shop.timeline, shop.plan().features
    tests = line.tests()
    earlier = validation(line, tests, config.search)
    most = config.model.sample_customers
    whole = (*tests, shop.now)  # everybody is tested, and scored
    partitions, sample = shop.sampled((*needed(line, (*earlier, *tests)), shop.now), most, whole)
    certificate = certified(shop, partitions)  # before the fits: with a leak they would be worth nothing
    with shop.stages.stage("priors") as stage:
        frames = frames_of(partitions, config, sample, whole)
        stage.rows = sum(len(f) for f in frames.values())
    priors = {c: prior_of(partitions[c], frames[c], config) for c in earlier}
    searched = search(line, tests, frames, priors, features, config, shop.stages)
    config = config.model_copy(update={"model": searched.settings})
    test = backtest(line, tests, frames, partitions, features, config, shop.stages)
    with shop.stages.stage("fit for production") as stage:
        prior = prior_of(partitions[shop.now], frames[shop.now], config)
        production = fit_at(_as_tested(line, tests[-1]), frames, prior, features, config)
        production = with_further(production, frames, config)
        stage.rows = production.n_rows
    newest = test.fitted[tests[-1]]
    graded = grade(
        rung=newest.recipe.rung,
        tests=len(tests),
        possible=len(line.tests(MANY_TESTS)),
        customers=test.panel.n_customers,
        history_days=(line.end - line.first).days,
        horizon=config.labels.horizon,
    )
    return Trained(production, test, partitions, features, graded, searched, certificate, sample)


def _as_tested(line: Timeline, newest: date) -> Split:
    """The split of production; where the newest test had the prior alone, nothing more than that is put to work."""
    if line.split(newest).by == "nothing":
        return Split(line.end, (), (), "nothing")
    return line.split(line.end)


def _registered(shop: Shop, store: Store, trained: Trained, scratch: Path, *, promote: bool) -> TrainResult:
    """Test the model beside the champion, record it, and say what became of it."""
    newest = max(trained.test.fitted)
    model = _model(shop, trained)
    bundle = scratch / "bundle"
    panel = trained.partitions[newest].panel.to_pandas()
    model.save(bundle, panel)
    decision = _decision(store, trained, shop.project.config)
    if not promote:
        decision = Decision(promoted=False, reason=f"--no-promote: the alias was left alone. {decision.reason}")
    with shop.stages.stage("record and register"):
        found = sliced(shop, trained.test)
        keep_slices(shop.project, bundle_digest(bundle), found)
        run_id, version = _recorded(shop, store, trained, decision, bundle, found)
    split = trained.test.fitted[newest].split
    return TrainResult(
        run_id=run_id,
        model_version=str(version),
        promoted=decision.promoted,
        promotion_reason=decision.reason,
        grade=trained.grade,
        rung=trained.production.recipe.rung,
        n_rows=trained.production.n_rows or trained.test.panel.n_rows,
        n_customers=trained.production.n_customers or trained.test.panel.n_customers,
        cutoffs={
            "fit": [c.isoformat() for c in split.fit],
            "calibrate": [c.isoformat() for c in split.calibrate],
            "test": [c.isoformat() for c in sorted(trained.test.fitted)],
        },
        panel=trained.test.panel,
        search=trained.search,
        sample=trained.sample,
        seconds=shop.stages.seconds,
    )


def _recorded(
    shop: Shop, store: Store, trained: Trained, decision: Decision, bundle: Path, found: tuple[Slice, ...]
) -> tuple[str, int]:
    """Record the run, register the version, move the alias; where MLflow falls silent, keep the model for later."""
    metrics = trained.test.panel.metrics()
    tags = {"grade": trained.grade.letter, "rung": trained.production.recipe.rung}
    try:
        with recorded_run(shop, store, trained, decision, found) as kept:
            version = register(store, kept.run, bundle, serving(bundle), metrics=metrics, tags=tags, card=kept.card)
        (make_champion if decision.promoted else refuse)(store, version, decision.reason)
    except ServiceError as error:
        keep(
            store,
            bundle,
            decision,
            metrics=metrics,
            tags=tags,
            card="",
            run_tags=run_tags(shop, trained, decision),
            description=run_description(shop, trained, decision),
        )
        raise ServiceError(f"{error} The model is kept: run `hvc-ml models register` when MLflow answers.") from None
    return kept.run.id, version


def _model(shop: Shop, trained: Trained) -> CustomerModel:
    """The production recipe, and beside it the one of the newest test, which the next challenger is held against."""
    config, newest = shop.project.config, max(trained.test.fitted)
    used = [f for f in trained.features if f.name in trained.production.recipe.features]
    info = ModelInfo(
        features=tuple(f.name for f in used),
        inputs=tuple(f.name for f in trained.features if f.name in core(config.labels.horizon)),
        horizon=config.labels.horizon,
        currency=config.currency,
        units={f.name: f.unit for f in used},
        families={f.name: f.family for f in used},
        says={f.name: f.says for f in used},
        categories=trained.production.categories,
        settings=asked(config),
        tiers=tuple((t.name, t.share) for t in config.tiers),
    )
    meta = {
        "data": shop.sources_hash,
        "grade": trained.grade.letter,
        "trained_at": shop.now.isoformat(),
        "tested_at": newest.isoformat(),
        "quality": quality_of(trained.test, trained.grade, coverage=config.model.coverage),
    }
    return CustomerModel(trained.production.recipe, info, meta, tested=trained.test.fitted[newest].recipe)


def _decision(store: Store, trained: Trained, config: Config) -> Decision:
    """The challenger beside the champion, on test cutoffs that neither had seen."""
    test = trained.test
    decide = partial(
        promotion,
        test.panel,
        campaign=campaign_of(config.playbook),
        coverage=config.model.coverage,
        seed=config.model.seed,
    )
    found = champion(store)
    if found is None:
        return decide(test.actual, test.predictions)
    try:
        theirs = CustomerModel.load(found.folder)
        answers(theirs, config)
        cutoffs = _unseen(theirs, sorted(test.fitted))
        rows = test.frames[test.frames["cutoff"].isin(cutoffs)].reset_index(drop=True)
        said = pd.concat([rows[[*KEYS]], theirs.as_tested().predict(rows)], axis=1)
    except ModelRefused as error:
        decision = decide(test.actual, test.predictions)
        reason = f"{decision.reason} The champion could not be compared with: {error}"
        return Decision(decision.promoted, reason, decision.details)
    actual, ours = (f[f["cutoff"].isin(cutoffs)].reset_index(drop=True) for f in (test.actual, test.predictions))
    return decide(actual, ours, said)


def _unseen(champion_model: CustomerModel, cutoffs: list[date]) -> list[str]:
    """Test cutoffs the champion's tested recipe had not seen: those at its own test or later, else the newest."""
    since = str(champion_model.meta.get("tested_at", ""))
    found = [c.isoformat() for c in cutoffs if c.isoformat() >= since]
    return found or [cutoffs[-1].isoformat()]
