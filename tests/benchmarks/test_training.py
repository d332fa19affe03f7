"""The benchmark of training compares ways that learn the same."""

import pytest

from benchmarks.training import SETTINGS, WAYS, five_models, made, one_model

SIZE = (4_000, 12, 20)


def test_sharing_bins_costs_less_and_changes_nothing():
    own, single, shared = (five_models(way, *SIZE) for way in WAYS)
    assert own.auc == pytest.approx(shared.auc, abs=1e-3)
    assert single.auc == pytest.approx(shared.auc, abs=1e-12)
    assert all(cost.seconds > 0 for cost in (own, single, shared))


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_learns_to_tell_who_leaves(setting):
    assert one_model(setting, *SIZE).auc > 0.7


def test_the_log_has_gaps_counts_and_amounts():
    log = made(1_000, 12)
    assert log.frame.isna().any().any()
    assert 0.2 < log.gone.mean() < 0.8
    assert (log.money[log.gone == 0] > 0).all()
