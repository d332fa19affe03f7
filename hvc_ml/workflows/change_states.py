"""Value at risk in every state between two lists: three sets of figures, two models, two calibrations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from hvc_ml.errors import ModelRefused
from hvc_ml.estimators.fitted import Recipe
from hvc_ml.explanation.change import STATES, Cents
from hvc_ml.features.compute import features_at
from hvc_ml.scoring.bundle import bundle_digest
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.timeline.history import AGE, history
from hvc_ml.tracking.registry import fetch
from hvc_ml.tracking.store import Store
from hvc_ml.workflows.champions import answers
from hvc_ml.workflows.past_lists import PastList
from hvc_ml.workflows.shop import Shop

IDS: Final = "compared_customers"


def states_between(
    shop: Shop, customers: Sequence[str], cutoffs: tuple[date, date], models: tuple[CustomerModel, CustomerModel]
) -> Cents:
    """Value at risk of customers in each of the states that `explanation.change.change_parts` asks for.

    Parameters
    ----------
    shop
        The business, as its tables are today.
    customers
        Ids, sorted.
    cutoffs
        Of the old and the new list; the same date twice has figures of one kind only.
    models
        Of the old and the new list; the same object twice is one model.

    Returns
    -------
    ndarray of int, shape (3, 2, 2, n)
        Cents, rounded as lists are.
    """
    states = np.zeros((*STATES, len(customers)), dtype=np.int64)
    if not customers:
        return states
    for i, frame in enumerate(_figures(shop, customers, cutoffs)):
        states[i] = states[0] if frame is None else _valued(frame, models)
    return states


def models_of(shop: Shop, store: Store, lists: tuple[PastList, PastList]) -> tuple[CustomerModel, CustomerModel]:
    """The models of the old and the new list; one object where both were made with one model.

    Raises
    ------
    ModelRefused
        As `model_of` does.
    """
    old = model_of(shop, store, lists[0])
    same = lists[0].meta["model_sha256"] == lists[1].meta["model_sha256"]
    return old, old if same else model_of(shop, store, lists[1])


def model_of(shop: Shop, store: Store, past: PastList) -> CustomerModel:
    """The model that a list was made with.

    Raises
    ------
    ModelRefused
        If the registry has no such version, it is not the model the list was made with, or the config now asks
        another question.
    """
    version = str(past.meta["model_version"])
    folder = fetch(store, int(version)).folder
    if bundle_digest(folder) != past.meta["model_sha256"]:
        raise ModelRefused(
            f"{past.name}: version {version} of the registry is not the model this list was made with. Compare lists "
            "of this registry only."
        )
    model = CustomerModel.load(folder)
    answers(model, shop.project.config)
    return model


def silent_since(tables: Tables, cutoff: date) -> Tables:
    """The tables as they would be today had nothing happened, and nothing been learned, from a cutoff on."""
    names = ("orders", "items", "customers", "events", "contracts")
    present = {name: getattr(tables, name) for name in names if getattr(tables, name) is not None}
    known: dict[str, Frame] = {name: history(table, cutoff).drop(AGE, strict=False) for name, table in present.items()}
    return tables.exchanged(known)


def _figures(shop: Shop, customers: Sequence[str], cutoffs: tuple[date, date]) -> Iterator[pd.DataFrame | None]:
    """Features then, had nothing happened since, and now; None where they are those of before."""
    old, new = cutoffs
    engine = shop.engine
    engine.materialise(f"SELECT CAST(NULL AS VARCHAR) AS {CUSTOMER} WHERE false", IDS)
    engine.append(IDS, pa.table({CUSTOMER: pa.array(customers, pa.string())}))

    def at(tables: Tables, cutoff: date) -> pd.DataFrame:
        found = engine.arrow(features_at(engine.frame(IDS), tables, cutoff, shop.plan().features))
        return cast("pd.DataFrame", found.to_pandas()).set_index(CUSTOMER).loc[list(customers)].reset_index()

    yield at(shop.tables, old)
    yield at(silent_since(shop.tables, old), new) if old != new else None
    yield at(shop.tables, new) if old != new else None


def _valued(features: pd.DataFrame, models: tuple[CustomerModel, CustomerModel]) -> Cents:
    """Value at risk with the trees of each model (rows) and the calibration of each (columns), shape (2, 2, n)."""
    if models[0] is models[1]:
        return np.broadcast_to(_cents(models[0], features), (2, 2, len(features)))
    return np.stack([np.stack([_cents(_mixed(m, c), features) for c in models]) for m in models])


def _mixed(model: CustomerModel, calibration: CustomerModel) -> CustomerModel:
    """One model's trees with the other's calibration, as far as value at risk is told from them."""
    recipe, other = cast("Recipe", model.recipe), cast("Recipe", calibration.recipe)
    return replace(model, recipe=replace(recipe.calibrated_as(other), timing=None, moves=None))


def _cents(model: CustomerModel, features: pd.DataFrame) -> Cents:
    said = model.predict(features)
    at_risk = said["churn_risk"].to_numpy() * said["value_if_kept"].to_numpy()
    cents: Cents = np.rint(at_risk * 100).astype(np.int64)
    return cents
