"""A fitted model on a made-up shop whose leavers can be told by how long they have been away."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from hvc_ml.estimators.prior import BuyTillYouDie
from hvc_ml.estimators.recipe import fit_recipe
from hvc_ml.estimators.settings import ModelSettings
from hvc_ml.scoring.model import CustomerModel, ModelInfo
from hvc_ml.tracking.door import mlflow_module

mlflow_module()  # before a test imports MLflow, its habits are set

FEATURES = (
    "purchase_days",
    "days_since_last_order",
    "days_since_first_order",
    "purchase_day_spend",
    "spend_90d",
    "region",
)

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


def shop(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    away, days = rng.integers(1, 200, n).astype(float), rng.integers(1, 20, n).astype(float)
    spend = rng.gamma(2.0, 30.0, n).round(2)
    churned = (rng.random(n) < 1 / (1 + np.exp(-(away - 90) / 25))).astype(int)
    return pd.DataFrame(
        {
            "customer_id": [f"canary-{i}" for i in range(n)],
            "purchase_days": days,
            "days_since_last_order": away,
            "days_since_first_order": away + days * 20,
            "purchase_day_spend": spend,
            "spend_90d": np.where(away < 90, spend * 2, 0.0),
            "region": rng.choice(["north", "south"], n).astype(object),
            "churned": churned,
            "future_value": np.where(churned == 1, 0.0, spend * rng.gamma(4.0, 0.5, n)),
        }
    )


@pytest.fixture(scope="session")
def sample() -> pd.DataFrame:
    return shop(600, 1)


@pytest.fixture(scope="session")
def model(sample: pd.DataFrame) -> CustomerModel:
    prior = BuyTillYouDie(0.9, 60.0, 0.8, 2.4, 6.25, 3.74, 15.44, -9.0, -9.0, 230.0, 600, 400)
    settings = ModelSettings(rounds=30, min_rows=100)
    categorical = {"region": ("north", "south")}
    recipe = fit_recipe(sample, shop(400, 2), FEATURES, categorical, settings, horizon=90, prior=prior)
    info = ModelInfo(FEATURES, 90, categories={"region": ["north", "south"]}, tiers=(("Priority", 0.5), ("Mass", 1.0)))
    return CustomerModel(recipe, info, {"grade": "B"})
