"""Models learn from a sample of the customers where there are many; everybody else is served all the same."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hvc_ml.progress import Stages
from hvc_ml.timeline.calendar import Split
from hvc_ml.workflows.backtest import backtest, needed
from hvc_ml.workflows.fitting import frames_of, learned_from, rows_of
from hvc_ml.workflows.sampling import Sample, learned, sample_of, sampled
from hvc_ml.workflows.shop import open_shop

IDS = pd.Series([f"customer {i}" for i in range(20_000)])
EARLY, LATE = date(2025, 1, 1), date(2025, 2, 1)


def column(*ids):
    return pa.chunked_array([ids])


def test_a_share_of_the_customers_is_that_share_of_them():
    assert Sample(0.25, len(IDS)).has(IDS).mean() == pytest.approx(0.25, abs=0.01)
    assert Sample(1.0, len(IDS)).has(IDS).all()


def test_a_customer_is_in_the_sample_whoever_else_there_is_and_however_ids_are_kept():
    sample, some = Sample(0.3, len(IDS)), IDS.sample(500, random_state=1)
    there = dict(zip(IDS, sample.has(IDS), strict=True))
    assert sample.has(some).tolist() == [there[c] for c in some]
    assert sample.has(some.astype("category")).tolist() == sample.has(some).tolist()


def test_a_larger_sample_holds_the_smaller_one():
    small, large = (Sample(share, len(IDS)).has(IDS) for share in (0.1, 0.4))
    assert (large | ~small).all()


def test_the_sample_is_another_draw_than_who_calibrates_where_history_is_short():
    frame = pd.DataFrame({"customer_id": IDS})
    fit, late = learned_from(Split(LATE, (EARLY,), (EARLY,), "customers"), {EARLY: frame})
    chosen = Sample(0.5, len(IDS))
    assert chosen.has(fit["customer_id"]).mean() == pytest.approx(0.5, abs=0.02)
    assert chosen.has(late["customer_id"]).mean() == pytest.approx(0.5, abs=0.03)


def test_customers_are_counted_once():
    ids = [column("a", "b"), column("b", "c")]
    assert sample_of(ids, "all") == Sample(1.0, 3)
    assert sample_of(ids, 3) == Sample(1.0, 3)
    assert sample_of(ids, 2) == Sample(2 / 3, 3)
    assert sample_of([], 2) == Sample(1.0, 0)


def test_where_everybody_is_needed_rows_are_marked_and_models_still_learn_from_the_sample():
    frame, sample = pd.DataFrame({"customer_id": IDS, "x": np.arange(len(IDS))}), Sample(0.2, len(IDS))
    whole, part = sampled(frame, sample, whole=True), sampled(frame, sample, whole=False)
    assert len(whole) == len(frame)
    assert learned(whole).equals(part)
    assert learned(part).equals(part)
    assert sampled(frame, Sample(1.0, len(IDS)), whole=True) is frame


def test_it_is_told_only_where_somebody_is_left_out():
    assert Sample(0.2, 1_000_000).says == "models learned from a sample of 20.0% of 1,000,000 customers"
    assert not Sample(1.0, 5).says
    assert Sample(0.5, 10).as_json() == {"share": 0.5, "of": 10}


def test_a_test_measures_everybody_with_models_that_saw_the_sample_only(trained):
    config = trained[0].config
    with open_shop(trained[0], Stages()) as shop:
        line, features, tests = shop.timeline, shop.plan().features, shop.timeline.tests()
        partitions = shop.partitions(needed(line, tests, production=False))
    sample = sample_of([p.panel["customer_id"] for p in partitions.values() if p.labels is not None], 700)
    frames = frames_of(partitions, config, sample, whole=tests)
    test = backtest(line, tests, frames, partitions, features, config, Stages())
    everybody = rows_of(partitions[tests[-1]], config)["customer_id"]
    assert test.frames["customer_id"].tolist() == everybody.tolist()
    assert not test.seen[~sample.has(everybody)].any()
    assert test.seen.any()
    assert test.fitted[tests[-1]].n_customers <= 1.2 * 700
    assert test.panel.metrics()["churn_auc"] > 0.7


def test_where_few_are_learned_from_the_others_rows_stay_on_disk_but_where_everybody_is_tested(trained):
    with open_shop(trained[0], Stages()) as shop:
        tests = shop.timeline.tests()
        cutoffs = needed(shop.timeline, tests, production=False)
        everybody, (found, sample) = shop.partitions(cutoffs), shop.sampled(cutoffs, 500, whole=tests)
        assert shop.sampled(cutoffs, "all")[1].share == 1.0
    assert 0 < sample.share < 1
    assert sample == sample_of([p.panel["customer_id"] for p in everybody.values() if p.labels is not None], 500)
    for cutoff, partition in found.items():
        theirs = everybody[cutoff]
        assert partition.repeat_buying.equals(theirs.repeat_buying)
        wanted = pa.array(sample.has(theirs.panel["customer_id"].to_pandas()) | (cutoff in tests))
        assert partition.panel.equals(theirs.panel.filter(wanted))
        assert partition.labels.equals(theirs.labels.filter(wanted))


def test_of_a_panel_that_is_a_sample_a_part_is_told_as_a_part_of_everybody():
    drawn = [column(*(f"c{i}" for i in range(100))), column(*(f"c{i}" for i in range(20, 120)))]
    assert sample_of(drawn, 60, 0.1) == Sample(0.05, 1200)
    assert sample_of(drawn, 500, 0.1) == Sample(0.1, 1200)
    assert sample_of(drawn, "all") == Sample(1.0, 120)
