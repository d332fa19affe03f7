"""Why the newest list promises more or less than the one before it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.config import Project
from hvc_ml.errors import DataError, ModelRefused, ServiceError
from hvc_ml.monitoring.gain import GainChange, gain_change, regained
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.tracking.store import Store
from hvc_ml.workflows.change_states import model_of
from hvc_ml.workflows.monitor_inputs import Inputs
from hvc_ml.workflows.past_lists import PastList, past_lists
from hvc_ml.workflows.shop import Shop


def list_before(project: Project, newest: PastList) -> PastList | None:
    """The newest list of an earlier cutoff that can be held beside this one."""
    same = ("horizon", "currency")
    earlier = [
        past
        for past in past_lists(project)
        if past.cutoff < newest.cutoff and past.readable and all(past.meta.get(k) == newest.meta.get(k) for k in same)
    ]
    return earlier[-1] if earlier else None


def change_of(
    shop: Shop, store: Store, lists: tuple[PastList, PastList], model: CustomerModel, seen: Inputs
) -> GainChange | None:
    """Why the newest list promises more or less than the one before.

    Parameters
    ----------
    lists
        The one before, and the newest.
    model
        That made the newest.
    seen
        Its customers.

    Returns
    -------
    GainChange or None
        None where the files of one were changed since.
    """
    before, newest = lists
    try:
        gains = [gains_of(past.rows(), past.scores()) for past in lists]
    except DataError:
        return None
    old = (
        None if before.meta.get("model_sha256") == newest.meta.get("model_sha256") else _old_model(shop, store, before)
    )
    under = None if old is None else _under(old, model, newest, seen.panel).reindex(gains[1].index, fill_value=0.0)
    return gain_change(gains[0], gains[1], eligible=pd.Index(seen.panel[CUSTOMER].to_pandas()), under_old_model=under)


def gains_of(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.Series:
    """Expected gain of everyone scored, by id; 0 where not listed."""
    listed = rows.set_index(CUSTOMER)["expected_gain"]
    return listed.reindex(pd.Index(scores[CUSTOMER]), fill_value=0.0)


def _old_model(shop: Shop, store: Store, past: PastList) -> CustomerModel | None:
    """The model of an earlier list; None where it cannot be had any more."""
    try:
        return model_of(shop, store, past)
    except (ModelRefused, ServiceError, ValueError):
        return None


def _under(old: CustomerModel, new: CustomerModel, past: PastList, panel: pa.Table) -> pd.Series:
    """The gain of each listed customer, had the old model made the list; by id."""
    rows = past.rows()
    listed = pc.is_in(panel[CUSTOMER], value_set=pa.array(rows[CUSTOMER].tolist(), pa.string()))
    figures = panel.filter(listed).to_pandas().set_index(CUSTOMER).loc[rows[CUSTOMER]].reset_index()
    said = [
        (s["churn_risk"].to_numpy(), s["value_if_kept"].to_numpy())
        for s in (old.predict(figures), new.predict(figures))
    ]
    actions = {action["name"]: action for action in past.meta["playbook"]["actions"]}
    costs = tuple(
        rows["action"].map({name: action[cost] for name, action in actions.items()}).to_numpy(dtype=np.float64)
        for cost in ("offer_cost", "take_up", "contact_cost")
    )
    gain = rows["expected_gain"].to_numpy(dtype=np.float64)
    return pd.Series(regained(gain, said[0], said[1], costs), index=pd.Index(rows[CUSTOMER]))
