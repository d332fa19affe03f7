"""Watch over what was promised: the newest list's inputs and money, and what became of the lists before."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from hvc_ml.config import Project
from hvc_ml.errors import NotEnoughData, ServiceError
from hvc_ml.explanation.formatting import money
from hvc_ml.monitoring.alerts import Alert, drift_alerts, money_alerts, promise_alerts, realised_alerts
from hvc_ml.monitoring.gain import GainChange
from hvc_ml.monitoring.ledger import LEDGER, Entry, Ledger
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.change_states import model_of
from hvc_ml.workflows.monitor_entries import entry_of, looked_at, up_to_date
from hvc_ml.workflows.monitor_inputs import Inputs, inputs_of
from hvc_ml.workflows.monitor_money import change_of, list_before
from hvc_ml.workflows.monitor_record import draw, record
from hvc_ml.workflows.monitor_result import MonitorResult
from hvc_ml.workflows.past_lists import past_list
from hvc_ml.workflows.shop import open_shop


def monitor(project: Project, *, stages: Stages) -> MonitorResult:
    """Bring the ledger up to date, look at the newest list, and say what is beyond its limit.

    Raises
    ------
    NotEnoughData
        If there is no list yet.
    ModelRefused
        If the registry no longer has the model that made the newest list, or the config asks another question.
    DataError
        If the newest list's files were changed since, or the ledger is damaged.
    """
    if not (project.lists / "latest").is_dir():
        raise NotEnoughData(f"{project.lists}: no list yet. Run `hvc-ml score -c {project.path}` first.")
    with RunLock(project.state / "run.lock"):
        ledger = Ledger.read(project.monitoring / LEDGER)
        newest = past_list(project.lists / "latest")
        store = open_store(project.config.tracking, project.folder, project.config.name)
        with open_shop(project, stages) as shop:
            with stages.stage("lists that have matured") as stage:
                ledger, unread = up_to_date(shop, ledger, newest)
                stage.rows = len(ledger.entries)
            model = model_of(shop, store, newest)
            with stages.stage("drift") as stage:
                seen = inputs_of(shop, model, newest.cutoff, project.config.monitor.drift)
                stage.rows = len(seen.churn_risk)
            before = list_before(project, newest)
            with stages.stage("money"):
                change = None if before is None else change_of(shop, store, (before, newest), model, seen)
        entry = looked_at(entry_of(ledger, newest), seen, model)
        ledger = ledger.with_entry(entry)
        result = MonitorResult(
            entry=entry,
            matured=_matured(ledger),
            alerts=tuple(_alerts(project, entry, ledger, seen, change)),
            inputs=seen.inputs,
            risks=seen.risks,
            reference=seen.reference,
            change=change,
            before=None if before is None else before.name,
            ledger=ledger,
            folder=project.monitoring,
            currency=project.config.currency,
            unread=unread,
            seconds=stages.seconds,
        )
        result = _told(result)
        result.ledger.write(project.monitoring / LEDGER)
        figure = draw(result, project)
        try:
            with stages.stage("record"):
                return replace(result, run_id=record(store, result, figure))
        except ServiceError as error:  # the watch goes on; the next call records what is missing
            return replace(result, service_says=str(error))


def _told(result: MonitorResult) -> MonitorResult:
    """The same with what it says in the ledger, for the book of the list."""
    says = tuple(alert.says for alert in result.alerts)
    entry = replace(result.entry, alerts=says, gain_says=result.gain_says)
    return replace(result, entry=entry, ledger=result.ledger.with_entry(entry))


def _alerts(project: Project, entry: Entry, ledger: Ledger, seen: Inputs, change: GainChange | None) -> Sequence[Alert]:
    limits, in_words = project.config.monitor, partial(money, currency=project.config.currency)
    matured = _matured(ledger)
    return [
        *money_alerts(change, limits, in_words),
        *drift_alerts(seen.inputs, seen.risks),
        *promise_alerts(entry, limits),
        *(realised_alerts(matured, limits, project.config.model.coverage, in_words) if matured else ()),
    ]


def _matured(ledger: Ledger) -> Entry | None:
    """The newest list whose outcomes are known."""
    return next((entry for entry in reversed(ledger.by_day()) if entry.realised is not None), None)
