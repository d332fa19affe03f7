"""The worked lists whose horizon is over, and what became of everyone who was scored for them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pandas as pd
import pyarrow as pa

from hvc_ml.campaigns.outcomes import CONTACT, Costs, outcomes
from hvc_ml.config import Project
from hvc_ml.labels import LabelSettings, labels_at
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.contacts import contacts
from hvc_ml.workflows.past_lists import PastList, past_lists
from hvc_ml.workflows.shop import Shop

HARDLY: Final = 0.05
"""A list of whose contact group fewer than this share was reached was not worked: stray touches are no campaign."""


@dataclass(frozen=True)
class Worked:
    """One campaign that can be measured.

    Parameters
    ----------
    past
        The list.
    rows
        One row per listed customer: what `outcomes` returns, with ``list`` and ``cutoff`` (ISO).
    people
        One row per scored customer: ``customer_id, listed, contacted, churn_risk, forecast, churned, future_value``.
    """

    past: PastList
    rows: pd.DataFrame
    people: pd.DataFrame

    @property
    def share(self) -> float:
        """Share that was to be held out."""
        return float(self.past.meta["list"]["holdout"])


def worked_lists(project: Project, shop: Shop) -> tuple[tuple[Worked, ...], dict[str, str]]:
    """Every campaign that can be measured, the oldest first, and why others cannot yet: name of the list -> words.

    Raises
    ------
    DataError
        If a list or its contacts were changed since they were written.
    """
    known, labels = contacts(project, shop), project.config.labels
    found, others = [], {}
    for past in (p for p in past_lists(project) if p.name in set(known["list"])):
        ready = _ready(past, labels)
        if ready > shop.now:
            others[past.name] = f"its outcomes are complete on {ready}; the orders reach to {shop.now}"
            continue
        one = _worked(shop, past, known)
        drawn = one.rows[one.rows["group"] == CONTACT]
        if drawn["contacted"].mean() < HARDLY:
            others[past.name] = f"{int(drawn['contacted'].sum()):,} of {len(drawn):,} were contacted: it was not worked"
            continue
        found.append(one)
    return tuple(found), others


def _ready(past: PastList, labels: LabelSettings) -> date:
    """The day on which a list's outcomes are complete and settled."""
    return past.cutoff + timedelta(days=_labels_of(past, labels).maturing)


def _labels_of(past: PastList, labels: LabelSettings) -> LabelSettings:
    """What leaving means today, over the horizon that the list was made for."""
    return labels.model_copy(update={"horizon": int(past.meta["horizon"])})


def _worked(shop: Shop, past: PastList, known: pd.DataFrame) -> Worked:
    listed, scores = past.rows(), past.scores()
    came = _came(shop, past, scores[CUSTOMER])
    touched = known[(known["touched_at"] >= pd.Timestamp(past.cutoff)) & (known["touched_at"] < pd.Timestamp(past.end))]
    reached = set(touched[CUSTOMER])
    of_list = set(touched.loc[touched["list"] == past.name, CUSTOMER])
    rows = outcomes(listed, came, of_list, _costs(past))
    people = scores[[CUSTOMER, "churn_risk"]].assign(forecast=scores["future_value"])
    drawn = set(listed.loc[listed["group"] == CONTACT, CUSTOMER])
    on_list = people[CUSTOMER].isin(set(listed[CUSTOMER]))
    people["listed"] = on_list
    people["contacted"] = people[CUSTOMER].isin(drawn).where(on_list, people[CUSTOMER].isin(reached))
    return Worked(
        past,
        rows.assign(list=past.name, cutoff=past.cutoff.isoformat()),
        people.merge(came[[CUSTOMER, "churned", "future_value"]], on=CUSTOMER, validate="1:1"),
    )


def _came(shop: Shop, past: PastList, ids: pd.Series) -> pd.DataFrame:
    """Labels of these customers at the list's cutoff."""
    shop.engine.materialise("SELECT CAST('' AS VARCHAR) AS customer_id LIMIT 0", "scored_then")
    shop.engine.append("scored_then", pa.table({CUSTOMER: pa.array(ids.astype(str).tolist(), pa.string())}))
    labels = _labels_of(past, shop.project.config.labels)
    frame: pd.DataFrame = shop.engine.arrow(
        labels_at(shop.engine.frame("scored_then"), shop.tables, past.cutoff, labels)
    ).to_pandas()
    return frame.sort_values(CUSTOMER, ignore_index=True)


def _costs(past: PastList) -> dict[str, Costs]:
    """What the actions cost when the list was made."""
    actions = past.meta["playbook"]["actions"]
    return {a["name"]: Costs(a["contact_cost"], a["offer_cost"], a["take_up"]) for a in actions}
