"""The key of a partition says the content of its rows, in whatever layers they lie."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiled.algebra import logs
from compiled.test_layers import CUTOFFS, LAW, LOG, layered
from hvc_ml.dataset.keys import keys_of
from hvc_ml.dataset.partition import PanelPlan
from hvc_ml.features.catalog import available
from hvc_ml.features.settings import FeatureSettings
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings
from made.shop import at, make_tables

MATURE = dict(zip(CUTOFFS, (True, False), strict=True))


def keys(engine, tables):
    plan = PanelPlan(available(tables, FeatureSettings(), 60), PopulationSettings(), LabelSettings(horizon=60))
    return keys_of(engine, tables, MATURE, plan)


@given(log=logs, random=st.randoms(use_true_random=False), share=st.sampled_from([0.0, 0.6, 1.0]))
@settings(LAW, max_examples=5)
def test_two_layers_have_the_key_of_all_rows(engine, tmp_path_factory, log, random, share):
    tables = make_tables(engine, **log)
    split = layered(engine, tables, tmp_path_factory.mktemp("kept"), lambda _day: random.random() < share)
    expected = keys(engine, tables)
    assert keys(engine, split) == expected
    assert keys(engine, split) == expected, "from what was kept"


@pytest.mark.parametrize("how", ["as it was", "changed", "cut", "gone"])
def test_kept_rows_are_hashed_once_and_again_where_their_file_is_damaged(engine, tmp_path, monkeypatch, how):
    tables = make_tables(engine, LOG)
    split = layered(engine, tables, tmp_path, lambda day: day < at(-4))
    expected = keys(engine, split)
    (file,) = tmp_path.glob("digests-orders-*/digests.arrow")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= how == "changed"
    file.write_bytes(data[:-9] if how == "cut" else data)
    if how == "gone":
        file.unlink()
    hashed, digests = [], engine.digests
    monkeypatch.setattr(engine, "digests", lambda frame, by, name: hashed.append(name) or digests(frame, by, name))
    assert keys(engine, split) == expected == keys(engine, tables)
    assert hashed.count("digests_of_kept") == (how != "as it was")
