import numpy as np
import pandas as pd
import pytest

from benchmarks.ablation import calibrated


def test_a_calibrated_forecast_keeps_its_ranking_and_loses_its_bias():
    rng = np.random.default_rng(4)
    truth = rng.beta(2, 3, 4_000)
    gone = rng.random(4_000) < truth
    late = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(4_000)],
            "churned": gone.astype(int),
            "future_value": np.where(gone, 0.0, 50.0),
            "told": truth / (truth + 0.3 * (1 - truth)),  # odds of leaving more than three times too high
        }
    )

    def too_sure(frame):
        return pd.DataFrame({"churn_risk": frame["told"], "value": (1 - frame["told"]) * 80.0})

    mended = calibrated(too_sure, late)(late)
    assert mended["churn_risk"].corr(late["told"], method="spearman") == pytest.approx(1.0)
    assert mended["churn_risk"].mean() == pytest.approx(gone.mean(), abs=0.01)
    assert mended["value"].sum() == pytest.approx(late["future_value"].sum())
