"""Every metric against an independent answer, whatever the ties and whatever the order of the rows."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from hvc_ml.evaluation import metrics
from hvc_ml.evaluation.deciles import decile_table
from hvc_ml.evaluation.metrics import CHURN_KERNELS, VALUE_KERNELS

RISKS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
CHURN = st.lists(st.tuples(st.integers(0, 1), RISKS, st.integers(1, 3)), min_size=2, max_size=30).filter(
    lambda rows: len({y for y, _, _ in rows}) == 2
)
MONEY = st.integers(-3, 12).map(float)
VALUES = st.lists(st.tuples(MONEY, st.integers(0, 4).map(float), st.integers(1, 3)), min_size=2, max_size=30)


def columns(rows):
    return (np.array(c, dtype=float) for c in zip(*rows, strict=True))


@given(CHURN)
def test_churn_metrics_agree_with_scikit_learn(rows):
    y, p, w = columns(rows)
    assert metrics.churn_auc(y, p, w) == pytest.approx(roc_auc_score(y, p, sample_weight=w))
    assert metrics.average_precision(y, p, w) == pytest.approx(average_precision_score(y, p, sample_weight=w))
    assert metrics.brier(y, p, w) == pytest.approx(brier_score_loss(y, p, sample_weight=w))
    rate = np.average(y, weights=w)
    base = brier_score_loss(y, np.full(len(y), rate), sample_weight=w)
    assert metrics.brier_skill(y, p, w) == pytest.approx(1 - brier_score_loss(y, p, sample_weight=w) / base)


@given(VALUES.filter(lambda r: len({v for v, _, _ in r}) > 1 and len({p for _, p, _ in r}) > 1))
def test_rank_correlation_agrees_with_scipy(rows):
    y, p, w = columns(rows)
    again = np.repeat(np.arange(len(y)), w.astype(int))
    assert metrics.spearman(y, p, w) == pytest.approx(spearmanr(y[again], p[again]).statistic)


@pytest.mark.parametrize("name", [*CHURN_KERNELS, *VALUE_KERNELS])
@given(rows=st.data())
def test_a_weight_is_a_customer_counted_again_and_row_order_does_not_matter(name, rows):
    churn = name in CHURN_KERNELS
    y, p, w = columns(rows.draw(CHURN if churn else VALUES))
    kernel = CHURN_KERNELS[name] if churn else VALUE_KERNELS[name]
    again = np.repeat(np.arange(len(y)), w.astype(int))[::-1]
    weighted = kernel(y, p, w[None])[0]
    repeated = kernel(y[again], p[again], np.ones((1, len(again))))[0]
    if name == "churn_calibration_slope":  # separable rows have no finite slope, and Newton stops where it stops
        assert np.isnan(weighted) == np.isnan(repeated)
    else:
        assert weighted == pytest.approx(repeated, abs=1e-9, nan_ok=True)


def orders(p):
    """Every order of the rows by falling prediction."""
    groups = [[i for i in range(len(p)) if p[i] == v] for v in sorted(set(p), reverse=True)]
    for chosen in itertools.product(*(itertools.permutations(g) for g in groups)):
        yield [i for group in chosen for i in group]


def lorenz(y, order):
    """Area between the capture curve and chance, by adding trapezoids."""
    captured = np.concatenate([[0.0], np.cumsum(np.asarray(y)[order])])
    chance = np.linspace(0, captured[-1], len(captured))
    return np.trapezoid(captured - chance)


SMALL = st.lists(st.tuples(MONEY, st.integers(0, 2).map(float)), min_size=2, max_size=6)


@given(SMALL.filter(lambda r: len({y for y, _ in r}) > 1))
def test_gini_is_its_mean_over_all_orders_of_tied_customers(rows):
    y, p = columns(rows)
    mean = np.mean([lorenz(y, o) for o in orders(p)])
    assert metrics.value_gini(y, p) == pytest.approx(mean / lorenz(y, np.argsort(-y)), abs=1e-9)


@given(SMALL.filter(lambda r: sum(y for y, _ in r) != 0), st.integers(1, 6))
def test_captured_value_is_its_mean_over_all_orders_of_tied_customers(rows, k):
    y, p = columns(rows)
    k = min(k, len(y))
    mean = np.mean([y[o[:k]].sum() for o in orders(p)])
    assert metrics.value_captured(y, p, share=k / len(y)) == pytest.approx(mean / y.sum(), abs=1e-9)


@given(SMALL, st.integers(1, 6))
def test_recall_of_the_top_is_its_mean_over_all_orders_of_both(rows, k):
    y, p = columns(rows)
    k = min(k, len(y))
    chosen = [set(o[:k]) for o in orders(p)]
    best = [set(o[:k]) for o in orders(y)]
    mean = np.mean([len(a & b) / k for a in chosen for b in best])
    assert metrics.recall_top(y, p, share=k / len(y)) == pytest.approx(mean, abs=1e-9)


def test_calibration_slope_is_that_of_an_unpenalised_regression():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.98, 2_000)
    y = (rng.random(2_000) < p).astype(float)
    for bent in (p, p**2, np.clip(p * 1.5 - 0.25, 0.01, 0.99)):
        x = np.log(bent / (1 - bent))
        oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(x[:, None], y).coef_[0, 0]
        assert metrics.calibration_slope(y, bent) == pytest.approx(oracle, rel=1e-4)


def test_calibration_slope_of_honest_risks_is_near_one_and_of_bold_ones_below():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 20_000)
    y = rng.random(20_000) < p
    assert metrics.calibration_slope(y, p) == pytest.approx(1, abs=0.05)
    bold = 1 / (1 + np.exp(-2 * np.log(p / (1 - p))))
    assert metrics.calibration_slope(y, bold) == pytest.approx(0.5, abs=0.03)


def test_ece_by_hand_on_ten_bins_of_two():
    p = np.arange(20) / 20
    y = (np.arange(20) % 3 == 0).astype(float)
    bins = [(p[i : i + 2].mean(), y[i : i + 2].mean()) for i in range(0, 20, 2)]
    assert metrics.ece(y, p) == pytest.approx(np.mean([abs(a - b) for a, b in bins]))


def test_the_true_risk_has_the_best_brier_score_and_the_least_ece():
    rng = np.random.default_rng(2)
    p = rng.beta(2, 3, 50_000)
    y = rng.random(50_000) < p
    assert metrics.ece(y, p) < 0.01
    for wrong in (p**1.3, np.clip(p + 0.05, 0, 1), np.full_like(p, p.mean())):
        assert metrics.brier(y, p) < metrics.brier(y, wrong)


def test_perfect_foresight_and_chance():
    y = np.array([9.0, 5.0, 1.0, 0.0, 0.0, -2.0])
    assert metrics.value_gini(y, y) == 1.0
    assert metrics.value_gini(y, -y) == pytest.approx(-1.0)
    assert metrics.value_gini(y, np.zeros(6)) == pytest.approx(0.0)
    assert metrics.value_captured(y, np.zeros(6)) == pytest.approx(0.2)
    assert metrics.value_bias(y, y) == 0.0


def test_what_cannot_be_told_is_nan_and_no_error():
    ones, zeros = np.ones(3), np.zeros(3)
    assert np.isnan(metrics.churn_auc(ones, [0.1, 0.2, 0.3]))
    assert np.isnan(metrics.brier_skill(ones, [0.1, 0.2, 0.3]))
    assert np.isnan(metrics.calibration_slope([0, 1, 1], [0.5, 0.5, 0.5]))
    assert np.isnan(metrics.value_gini(ones, [1.0, 2.0, 3.0]))
    assert np.isnan(metrics.spearman(ones, [1.0, 2.0, 3.0]))
    assert np.isnan(metrics.value_captured(zeros, [1.0, 2.0, 3.0]))
    assert np.isnan(metrics.value_bias(zeros, ones))
    assert np.isnan(metrics.interval_coverage([], [], []))


@pytest.mark.parametrize(
    "wrong",
    [
        ([1.0], [1.0, 2.0], None),
        ([], [], None),
        ([1.0], [np.nan], None),
        ([1.0], [1.0], [-1.0]),
        ([[1.0]], [[1.0]], None),
    ],
)
def test_rows_that_do_not_belong_together_are_an_error(wrong):
    with pytest.raises(ValueError):
        metrics.value_gini(*wrong)


@pytest.mark.parametrize("share", [0.0, 1.1])
def test_a_share_lies_between_nothing_and_all(share):
    for metric in (metrics.value_captured, metrics.recall_top):
        with pytest.raises(ValueError):
            metric([1.0, 2.0], [1.0, 2.0], share=share)


@given(VALUES.filter(lambda r: sum(y for y, _, _ in r) != 0))
def test_the_curve_passes_through_the_captured_shares(rows):
    y, p, _ = columns(rows)
    curve = metrics.capture_curve(y, p)
    assert curve[0].tolist() == [0.0, 0.0]
    assert curve[-1] == pytest.approx([1.0, 1.0])
    assert curve[20, 1] == pytest.approx(metrics.value_captured(y, p))


@given(VALUES.filter(lambda r: sum(y for y, _, _ in r) != 0))
def test_deciles_hold_all_customers_and_all_money(rows):
    y, p, _ = columns(rows)
    table = decile_table(y, p)
    assert table["customers"].sum() == pytest.approx(len(y))
    assert (table["customers"] * table["actual"]).sum() == pytest.approx(y.sum())
    assert (table["customers"] * table["predicted"]).sum() == pytest.approx(p.sum())
    assert table["share"].sum() == pytest.approx(1.0)
    assert (np.diff(table["predicted"]) <= 1e-9).all()


def test_deciles_of_nothing_have_no_share():
    assert decile_table([0.0, 0.0], [1.0, 2.0], bins=2)["share"].isna().all()
