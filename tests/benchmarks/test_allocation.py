import numpy as np
import pytest

from benchmarks.allocation import Campaign, exact, gap_of, large_campaign, random_campaign, small_campaigns, total
from hvc_ml.planning.prices import Limits, usage


def test_the_exact_optimum_of_a_campaign_solved_by_hand():
    gain, cost = np.array([[50.0, 10.0], [40.0, 5.0], [60.0, 55.0]]), np.ones((3, 2))
    campaign = Campaign(gain, cost, np.ones((3, 2), dtype=bool), Limits((2, None)))
    assert exact(campaign) == pytest.approx(145.0)
    assert gap_of(campaign) == pytest.approx(0.0)


def test_a_campaign_from_which_nothing_can_be_gained_has_no_gap():
    nothing = Campaign(np.full((2, 1), -1.0), np.ones((2, 1)), np.ones((2, 1), dtype=bool), Limits((None,)))
    assert gap_of(nothing) == 0.0


@pytest.mark.parametrize("seed", range(8))
def test_no_list_beats_the_exact_optimum_and_all_come_within_half_a_per_cent(seed):
    assert -1e-6 <= gap_of(random_campaign(seed, 40)) <= 0.005


def test_the_tables_have_a_row_for_each_size_and_each_set_of_limits(capfd):
    assert small_campaigns(4).count("\n| ") == 5
    assert large_campaign(3_000).count("\n| ") == 5
    assert "HighsMip" not in capfd.readouterr().out


def test_a_choice_is_worth_the_sum_of_what_it_takes():
    campaign = random_campaign(0, 5)
    choice = np.array([-1, 0, -1, 0, -1])
    assert total(choice, campaign.gain) == pytest.approx(campaign.gain[[1, 3], 0].sum())
    assert usage(choice, campaign.cost)[-1] == 2
