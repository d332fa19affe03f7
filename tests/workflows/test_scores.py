"""The scores of a day are the same in batches of any size, and pandas is shown what is asked for."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.progress import Stages
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.scores import content_hash, medians, scores_in_tiers, scores_of, tiers_of
from hvc_ml.workflows.shop import open_shop


@pytest.fixture(scope="module")
def model(trained):
    return load_champion(trained[0]).model


@pytest.fixture(scope="module")
def panel(trained):
    with open_shop(trained[0], Stages()) as shop:
        return shop.panel(trained[2].cutoff)


@pytest.fixture(scope="module")
def scores(trained, model, panel):
    return scores_of(model, panel, trained[0].config)


@pytest.mark.parametrize("batch", [97, 10_000])
def test_the_size_of_the_batches_changes_no_bit(trained, model, panel, scores, batch):
    config = trained[0].config
    told = scores_in_tiers(model, panel, tiers_of(panel, config), config, batch=batch)
    pd.testing.assert_frame_equal(told.table, scores.table, check_exact=True)
    pd.testing.assert_frame_equal(told.families, scores.families, check_exact=True)
    assert np.array_equal(told.told_by.places, scores.told_by.places)
    assert content_hash(told.table) == content_hash(scores.table)


def test_one_customer_of_known_tier_is_scored_as_among_all(trained, model, panel, scores):
    config = trained[0].config
    alone = scores_in_tiers(model, panel.slice(41, 1), scores.table["tier"].iloc[[41]], config)
    pd.testing.assert_frame_equal(
        alone.table, scores.table.iloc[[41]].reset_index(drop=True), check_exact=True, check_dtype=False
    )


def test_nobody_falls_from_the_last_tier_or_rises_from_the_best(trained, scores):
    tiers = [rule.name for rule in trained[0].config.tiers]
    table = scores.table
    assert (table.loc[table["tier"] == tiers[-1], "downgrade_risk"] == 0).all()
    assert (table.loc[table["tier"] == tiers[0], "upgrade_chance"] == 0).all()
    assert (table.loc[table["tier"] == tiers[0], "downgrade_risk"] > 0).any()


def test_some_customers_are_looked_up_where_they_stand(panel, scores):
    everyone = panel.to_pandas()
    some = scores.only(np.array([7, 3, 5]))
    assert some.table["customer_id"].tolist() == everyone["customer_id"].iloc[[7, 3, 5]].tolist()
    told = some.figures(("spend_365d", "customer_id", "no such feature"), np.array([2, 0]))
    pd.testing.assert_frame_equal(
        told, everyone[["spend_365d", "customer_id"]].iloc[[5, 7]].reset_index(drop=True), check_exact=True
    )
    pd.testing.assert_frame_equal(scores.figures(), everyone, check_exact=True)
    assert len(some.figures(())) == 3
    assert some.family_cents(np.array([1])).index.tolist() == [1]
    assert scores.only(np.arange(len(everyone))) is scores


def test_medians_are_those_of_everybody_and_the_prior_is_told_by_the_silence(panel):
    found, expected = medians(panel), panel.to_pandas().median(numeric_only=True)
    assert {name: found[name] for name in expected.index} == pytest.approx(expected.to_dict(), nan_ok=True, abs=0)
    assert found["prior"] == found["days_since_last_order"]


def test_one_changed_bit_name_or_text_changes_the_hash(scores):
    table = scores.table
    known = content_hash(table)
    assert known == content_hash(pd.concat([table.iloc[:9], table.iloc[9:]]))
    assert known != content_hash(table.rename(columns={"tier": "level"}))
    assert known != content_hash(table.assign(churn_risk=np.nextafter(table["churn_risk"].to_numpy(), 2.0)))
    assert known != content_hash(table.assign(customer_id="x" + table["customer_id"]))
