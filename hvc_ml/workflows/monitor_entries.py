"""The ledger's entries: what each list promised, what the watch saw of it, and what came of it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd

from hvc_ml.errors import DataError
from hvc_ml.monitoring.expected import expected_auc, expected_brier
from hvc_ml.monitoring.ledger import Entry, Ledger
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.contacts import contacts
from hvc_ml.workflows.monitor_inputs import Inputs
from hvc_ml.workflows.monitor_outcomes import realised
from hvc_ml.workflows.past_lists import PastList, past_lists
from hvc_ml.workflows.shop import Shop


def up_to_date(shop: Shop, ledger: Ledger, newest: PastList) -> tuple[Ledger, list[str]]:
    """The ledger with every list that is there, and with what came of those that have matured; and what is unread."""
    known = contacts(shop.project, shop)
    ready = shop.now - timedelta(days=shop.project.config.labels.maturing)
    unread = []
    for past in sorted(past_lists(shop.project), key=lambda past: (past.cutoff, past.name == newest.name, past.name)):
        entry = ledger.get(past.name)
        try:
            entry = entry or _entry_of(past)
            if entry.realised is None and past.cutoff <= ready and past.readable:
                entry = replace(entry, realised=realised(shop, past, _contacted(known, past)))
            ledger = ledger.with_entry(entry)
        except DataError as error:  # somebody changed an old list: the others are watched all the same
            unread.append(str(error))
    return ledger, unread


def _contacted(known: pd.DataFrame, past: PastList) -> frozenset[str]:
    inside = (known["touched_at"] >= pd.Timestamp(past.cutoff)) & (known["touched_at"] < pd.Timestamp(past.end))
    return frozenset(known.loc[inside, CUSTOMER])


def _entry_of(past: PastList) -> Entry:
    return replace(promised(past.meta, past.scores()), name=past.name, scores_sha256=past.hashes["scores.parquet"])


def promised(meta: Mapping[str, Any], scores: pd.DataFrame) -> Entry:
    """A list as its manifest and its scores tell of it; without a name, for it may not be published yet."""
    risk = scores["churn_risk"]
    return Entry(
        name="",
        cutoff=meta["cutoff"],
        model_version=str(meta.get("model_version", "")),
        model_sha256=str(meta.get("model_sha256", "")),
        scores_sha256="",
        n_scored=int(meta.get("n_scored", len(scores))),
        n_listed=int(meta.get("n_listed", 0)),
        n_holdout=int(meta.get("n_holdout", 0)),
        expected_gain=float(meta.get("total_expected_gain", 0.0)),
        value_at_risk=_sum(scores["value_at_risk"]),
        future_value=_sum(scores["future_value"]),
        mean_risk=round(float(risk.mean()), 6),
        expected_auc=_known(expected_auc(risk)),
        expected_brier=_known(expected_brier(risk)),
        tested_auc=_tested(meta.get("quality")),
    )


def looked_at(entry: Entry, seen: Inputs, model: CustomerModel) -> Entry:
    """The entry with what drift says, and with what the risks of all customers promise: resting ones, too."""
    both = pd.concat([seen.inputs, seen.risks], ignore_index=True)
    return replace(
        entry,
        drifted=tuple(sorted(both.loc[both["drifted"], "column"])),
        worst_drift=round(float((both["psi"] / both["limit"]).max()), 6),
        expected_auc=_known(expected_auc(seen.churn_risk)),
        expected_brier=_known(expected_brier(seen.churn_risk)),
        tested_auc=_tested(model.meta.get("quality")),
    )


def _tested(quality: object) -> float | None:
    """The churn AUC of a model's test, as its bundle and its lists keep it."""
    figures = quality.get("figures", ()) if isinstance(quality, dict) else ()
    found = (f["mid"] for f in figures if f.get("name") == "model" and f.get("metric") == "churn_auc")
    return next(found, None)


def entry_of(ledger: Ledger, past: PastList) -> Entry:
    """The newest list's entry; its files must be readable."""
    return ledger.get(past.name) or _entry_of(past)


def _sum(column: pd.Series) -> float:
    return round(float(column.sum()), 2)


def _known(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
