import numpy as np
import pytest

from hvc_ml.tables.demo.renewal import expected_orders, silence


@pytest.fixture(scope="module")
def gaps():
    """Orders of many customers, drawn gap by gap: an oracle that knows nothing of roots of unity."""
    rng = np.random.default_rng(3)
    return {k: np.cumsum(rng.gamma(k, 1 / k, (60_000, 40)), axis=1) for k in (1, 2, 3, 6)}


@pytest.mark.parametrize("shape", [1, 2, 3, 6])
@pytest.mark.parametrize("since", [0.0, 0.6, 1.7])
def test_silence_and_orders_match_a_simulation(gaps, shape, since):
    times = gaps[shape]
    times = times[times[:, 0] > since]
    for ahead in (0.3, 1.0, 4.0):
        count = ((times > since) & (times <= since + ahead)).sum(axis=1)
        error = 4 / np.sqrt(len(times))
        assert silence(shape, np.array([since]), np.array([ahead]))[0] == pytest.approx((count == 0).mean(), abs=error)
        expected = expected_orders(shape, np.array([since]), np.array([[ahead]]))[0, 0]
        assert expected == pytest.approx(count.mean(), abs=error * max(count.std(), 0.1))


@pytest.mark.parametrize("shape", [1, 2, 3, 6])
def test_no_time_brings_no_order(shape):
    since = np.array([0.0, 0.5, 9.0])
    assert silence(shape, since, np.zeros(3)) == pytest.approx(1.0)
    assert expected_orders(shape, since, np.zeros((3, 1))) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("shape", [2, 3, 6])
def test_the_longer_since_the_last_the_sooner_the_next(shape):
    since = np.linspace(0, 5, 30)
    assert (np.diff(silence(shape, since, np.array([0.5]))) < 0).all()


def test_chance_has_no_memory():
    assert np.ptp(silence(1, np.linspace(0, 5, 30), np.array([0.5]))) < 1e-12


def test_long_silence_stays_finite():
    assert np.isfinite(silence(6, np.array([500.0]), np.array([100.0]))).all()
    assert np.isfinite(expected_orders(6, np.array([500.0]), np.array([[100.0]]))).all()
