import pytest

from benchmarks.published import PUBLISHED, ours, sample


def test_the_sample_is_the_one_of_the_papers(shared_data):
    history = sample(shared_data)
    assert len(history.buying) == 2_357
    assert len(history.spend) == 946
    assert history.spend["mean_spend"].mean() == pytest.approx(35.08, abs=0.01)


def test_our_parameters_are_the_published_ones_to_three_digits(shared_data):
    found = ours(sample(shared_data))
    for name in ("r", "alpha", "a", "b"):
        assert round(found[name], 3) == pytest.approx(PUBLISHED[name], abs=0.0005), name
    for name in ("p", "q", "gamma"):
        assert round(found[name], 2) == pytest.approx(PUBLISHED[name], abs=0.005), name
