"""Labels dealt out at random tell nothing, and a model of them is not put to work."""

from functools import partial

import numpy as np
import pytest

from hvc_ml.evaluation.gate import promotion
from hvc_ml.progress import Stages
from hvc_ml.workflows.backtest import backtest, needed
from hvc_ml.workflows.fitting import LABELS, rows_of
from hvc_ml.workflows.shop import open_shop
from hvc_ml.workflows.yardstick import campaign_of, earned_along, what_happened


@pytest.fixture(scope="module")
def tested(trained):
    """(frames by cutoff, what tests and decides on such frames) of the small business."""
    config = trained[0].config
    with open_shop(trained[0], Stages()) as shop:
        line, features = shop.timeline, shop.plan().features
        tests = line.tests()
        partitions = shop.partitions(needed(line, tests))

    def decided(frames):
        test = backtest(line, tests, frames, partitions, features, config, Stages())
        decide = partial(promotion, test.panel, campaign=campaign_of(config.playbook), coverage=config.model.coverage)
        return test, decide(test.actual, test.predictions), decide

    return {c: rows_of(p, config) for c, p in partitions.items()}, decided


def permuted(frame, seed):
    order = np.random.default_rng(seed).permutation(len(frame))
    return frame.assign(**{name: frame[name].to_numpy()[order] for name in LABELS})


def of_nothing(tested, seed):
    """The frames with their labels dealt out at random, the test on them, and the decision."""
    frames, decided = tested
    swapped = {c: permuted(frame, [seed, c.toordinal()]) for c, frame in frames.items()}
    return (frames, *decided(swapped)[:2])


@pytest.mark.parametrize("seed", range(3))
def test_permuted_labels_are_not_promoted(tested, seed):
    frames, test, decision = of_nothing(tested, seed)
    assert test.actual["churned"].sum() == sum(frames[c]["churned"].sum() for c in test.fitted)
    assert not decision.promoted
    assert "no signal" in decision.reason


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_hundred_deals_of_labels_rank_like_chance_and_at_most_five_are_promoted(tested):
    found = [of_nothing(tested, seed)[1:] for seed in range(100)]
    auc = [test.panel.metrics()["churn_auc"] for test, _ in found]
    assert np.mean(auc) == pytest.approx(0.5, abs=0.01)
    assert np.quantile(np.abs(np.array(auc) - 0.5), 0.9) <= 0.05  # some 1,000 customers each
    assert sum(decision.promoted for _, decision in found) <= 5


def test_the_same_labels_unpermuted_are_promoted_and_so_is_the_same_model_again(tested):
    frames, decided = tested
    test, decision, decide = decided(frames)
    assert decision.promoted
    again = decide(test.actual, test.predictions, test.predictions)
    assert again.promoted
    assert again.details["against_champion"]["profit_at_capacity"] == [0.0, 0.0, 0.0]
    assert set(again.details["tiers"]) == {"Priority", "Gold", "Mass"}


def test_the_profit_curve_begins_at_nothing_and_needs_both_risk_and_value(tested, trained):
    frames, decided = tested
    test, _, _ = decided(frames)
    curve = earned_along(test.actual, test.predictions, trained[0].config)
    assert curve.iloc[0].tolist() == [0.0, 0.0, 0.0]
    assert curve["expected"].max() > 0
    assert earned_along(test.actual, test.predictions.drop(columns="value_if_kept"), trained[0].config).empty


def test_the_yardstick_is_what_stayers_brought_and_what_the_prior_expected_of_leavers(tested, trained):
    frames, _ = tested
    rows = max(frames.items())[1]
    found = what_happened(rows, trained[0].config)
    gone = rows["churned"] == 1
    assert (found["value_if_kept"][~gone] == rows["future_value"][~gone]).all()
    assert (found["value_if_kept"][gone] == rows["prior_value_if_kept"][gone]).all()
    assert found["value_if_kept"].notna().all()
    assert rows["spend_365d"].groupby(found["tier"]).median().idxmax() == "Priority"


def test_rankings_are_compared_by_the_action_that_is_open_to_everyone(trained):
    playbook = trained[0].config.playbook
    general = campaign_of(playbook)
    assert general.offer_cost == playbook.actions[0].offer_cost == 3.0  # bonus points, for every tier
    only_call = playbook.model_copy(update={"actions": playbook.actions[2:]})
    assert campaign_of(only_call).contact_cost == 7.0  # nothing is open to all: the first there is
