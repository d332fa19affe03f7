"""What the best is made of, each part against an answer found another way."""

import numpy as np
import pytest
from scipy import stats

from hvc_ml.tables.demo import laws
from hvc_ml.tables.demo.best.club_log import read_club
from hvc_ml.tables.demo.best.evidence import weigh
from hvc_ml.tables.demo.best.lifelines import ONE_OFF, STATE, life_lines
from hvc_ml.tables.demo.best.log import read_log
from hvc_ml.tables.demo.best.possible import draw_possible, log_posterior
from hvc_ml.tables.demo.best.receipts import receipts_of
from hvc_ml.tables.demo.best.sampling import log_rounded, normals, systematic
from hvc_ml.tables.demo.season import make_season
from hvc_ml.tables.demo.settings import epoch_day


@pytest.fixture(scope="module")
def seen(shop):
    return read_log(shop.folder / "data", epoch_day(shop.settings.end))


@pytest.fixture(scope="module")
def season(shop):
    return make_season(shop.settings.start, shop.settings.end, shop.settings.horizon + 1)


def test_the_log_is_read_whole(shop, seen):
    assert len(seen) == 20_000
    bought = shop.orders[shop.orders.amount > 0]
    assert len(seen.till.row) == bought.order_id.nunique()
    assert seen.till.amount.sum() == round(bought.amount.sum() * 100)
    assert seen.till.refund.sum() == -round(shop.orders.amount[shop.orders.amount < 0].sum() * 100)
    assert len(seen.visits.at) == (shop.events.kind == "visit").sum()
    assert (np.diff(seen.till.row) >= 0).all()


def test_kinds_are_told_apart_by_the_till(shop, seen, season):
    """Who orders often has most of the probability at the truth: segments and rhythms are hit far more than by chance."""
    receipts = receipts_of(seen, season)
    truth = shop.truth["customers"]
    rows = np.flatnonzero((receipts.orders > 25) & (seen.profession >= 0))[:300]
    log = log_posterior(seen, receipts, rows).reshape(len(rows), len(laws.SEGMENTS), len(laws.SHAPES), -1)
    share = np.exp(log - log.max(axis=(1, 2, 3), keepdims=True))
    share /= share.sum(axis=(1, 2, 3), keepdims=True)
    segment = truth.segment.map(laws.SEGMENTS.index).to_numpy()[rows]
    shape = truth["shape"].map(laws.SHAPES.index).to_numpy()[rows]
    each = np.arange(len(rows))
    by_segment, by_shape = share.sum(axis=(2, 3)), share.sum(axis=(1, 3))
    for by, true in ((by_segment, segment), (by_shape, shape)):
        hit = by[each, true]
        assert hit.mean() > 0.5
        assert hit.mean() == pytest.approx((by**2).sum(axis=1).mean(), abs=0.05)  # as sure as it is right


def test_rates_are_found(shop, seen, season):
    receipts = receipts_of(seen, season)
    rows = np.flatnonzero((receipts.orders > 25) & (seen.profession >= 0))[:300]
    possible = draw_possible(np.random.default_rng(0), seen, receipts, rows, 64)
    truth = shop.truth["customers"].iloc[rows]
    assert np.log(possible.rate.mean(axis=1) / truth.rate).abs().mean() < 0.2
    assert np.log(possible.spend.mean(axis=1) / truth.spend).abs().mean() < 0.1


def test_states_are_as_likely_as_said(shop, seen, season):
    receipts = receipts_of(seen, season)
    rows = np.flatnonzero(seen.profession >= 0)[:1000]
    possible = draw_possible(np.random.default_rng(0), seen, receipts, rows, 32)
    weight, state = weigh(seen, season, life_lines(seen, rows), possible)
    assert weight.sum(axis=1) == pytest.approx(1)
    assert state.sum(axis=2) == pytest.approx(1)
    gone = (weight * state[:, :, 2]).sum(axis=1)
    outlook = shop.truth["outlook"]
    true = (outlook[outlook.cutoff == outlook.cutoff.max()].state == "gone").to_numpy()[rows]
    for tenth in np.array_split(np.argsort(gone), 5):
        assert gone[tenth].mean() == pytest.approx(true[tenth].mean(), abs=0.08)


def test_nobody_is_gone_before_a_sign_of_life(seen):
    rows = np.arange(500)
    lines = life_lines(seen, rows)
    alive = np.maximum(seen.last[rows], seen.answered[rows])[:, None]
    can_be = np.isfinite(lines.log_mass)
    plain = np.arange(len(STATE)) != ONE_OFF
    assert (lines.gone >= alive)[:, plain][can_be[:, plain]].all()
    assert (lines.fading <= lines.gone)[can_be].all()
    assert not can_be[seen.orders[rows] > 1, ONE_OFF].any()


def test_months_of_a_club_are_those_of_its_contracts(club):
    cutoff = epoch_day(club.settings.end)
    found = read_club(club.folder / "data", cutoff)
    months = found.months
    assert (months.begin < cutoff).all()
    assert (months.end - months.begin >= 28).all()
    running = np.flatnonzero(np.append(np.diff(months.row) > 0, True))
    assert (months.end[running] >= cutoff).all()
    assert not months.ended[running].any()
    unbroken = ~np.append(np.diff(months.row) > 0, True) & ~months.ended
    follows = np.flatnonzero(unbroken)
    assert (months.begin[follows + 1] == months.end[follows]).all()
    assert (months.month[follows + 1] == months.month[follows] + 1).all()
    mine = club.events.customer_id.isin(found.ids.to_pylist())
    assert months.complaints.sum() == (club.events.kind[mine] == "complaint").sum()
    assert months.seen.sum() == club.events.kind[mine].isin(["visit", "feature_use"]).sum()


def test_even_draws_hit_each_cell_by_its_weight():
    share = np.array([0.1, 0.0, 0.6, 0.3])
    with np.errstate(divide="ignore"):
        found = systematic(np.random.default_rng(1), np.log(np.tile(share, (5, 1))), 1000)
    for row in found:
        assert np.bincount(row, minlength=4) / 1000 == pytest.approx(share, abs=0.002)


def test_normals_fill_every_part_once():
    found = normals(np.random.default_rng(2), (3, 50))
    part = np.floor(stats.norm.cdf(found) * 50).astype(int)
    assert (np.sort(part, axis=1) == np.arange(50)).all()
    assert (part[0] != part[1]).any()


def test_likelihoods_of_answers_add_up_to_one_however_far_off_the_mean():
    for mean in (-20.0, 0.2, 7.6, 10.4, 30.0):
        found = log_rounded(np.arange(11.0), np.array(mean), 1.1)
        assert np.isfinite(found).all()
        assert np.exp(found).sum() == pytest.approx(1)
