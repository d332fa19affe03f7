"""Of very many patterns a part tells where to begin; the answer is that of all of them."""

import numpy as np
import pytest

from hvc_ml.estimators import bg_nbd, gamma_gamma, likelihood
from hvc_ml.estimators.likelihood import highest
from hvc_ml.estimators.prior import BuyTillYouDie


@pytest.fixture(scope="module")
def lives():
    truth = BuyTillYouDie(0.4, 60.0, 0.7, 2.5, 6.0, 4.0, 16.0, np.nan, np.nan, 365.0, 12_000, 12_000)
    ages = np.random.default_rng(5).integers(30, 900, 12_000).astype(np.float64)
    return truth.simulate(ages, 90.0, np.random.default_rng(6))[0]


def fits(lives):
    x, t, age = (lives[c].to_numpy(np.float64) for c in ("frequency", "recency", "age"))
    counts = bg_nbd.Counts(x, t, age, np.ones(len(x)))
    came = lives[lives["frequency"] > 0]
    z = came["repeat_spend_mean"].to_numpy(np.float64)
    spending = gamma_gamma.fit(came["frequency"].to_numpy(np.float64), z, np.ones(len(z)), 0.05)
    return bg_nbd.fit(counts, 0.05), spending


def test_many_patterns_give_the_answer_of_every_start_on_all_of_them(lives, monkeypatch):
    every = fits(lives)
    monkeypatch.setattr(likelihood, "ENOUGH", 500)
    for (params, value), (found, near) in zip(every, fits(lives), strict=True):
        assert found == pytest.approx(params, rel=1e-4)
        assert near == pytest.approx(value, rel=1e-10)


def test_most_of_the_work_is_done_on_a_part(monkeypatch):
    monkeypatch.setattr(likelihood, "ENOUGH", 100)
    waits, seen = np.linspace(0.5, 99.5, 1000), []

    def exponential(rate, part):
        seen.append(len(waits[part]))
        return len(waits[part]) * np.log(rate[0]) - rate[0] * waits[part].sum(), len(waits[part]) / rate - waits[
            part
        ].sum()

    [rate] = highest(exponential, np.ones(1000), [[1.0], [0.1], [0.5]], [(-9.0, 9.0)], 0.0)
    assert 1 / rate == pytest.approx(50.0, rel=1e-6)
    assert 0 < seen.count(1000) < seen.count(100)
    assert len(seen) == seen.count(1000) + seen.count(100)


def test_where_the_part_leads_nowhere_every_start_is_tried_on_all(monkeypatch):
    monkeypatch.setattr(likelihood, "ENOUGH", 10)

    def broken_on_parts(rate, part):
        if part.step:
            return np.nan, np.array([np.nan])
        return 100 * np.log(rate[0]) - rate[0] * 500.0, 100 / rate - 500.0

    [rate] = highest(broken_on_parts, np.ones(100), [[1.0]], [(-9.0, 9.0)], 0.0)
    assert rate == pytest.approx(0.2, rel=1e-6)


def test_no_start_that_leads_anywhere_is_no_answer():
    assert highest(lambda rate, _: (np.nan, rate * np.nan), np.ones(10), [[1.0]], [(-9.0, 9.0)], 0.0) is None
