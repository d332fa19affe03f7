import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import DataError
from hvc_ml.planning.learned import LEARNED, Learned, SaveRate, Stopped, read_learned, write_learned

CALL = SaveRate("call", "Priority", alpha=12.0, beta=28.0, low=0.17, high=0.44, n_contact=900, n_holdout=100)
EVERYWHERE = SaveRate("call", None, alpha=5.0, beta=15.0, low=0.1, high=0.4)

names = st.text(min_size=1, max_size=10)
rates = st.builds(
    SaveRate,
    action=names,
    tier=names | st.none(),
    alpha=st.floats(0.01, 1e4),
    beta=st.floats(0.01, 1e4),
    low=st.floats(0, 1),
    high=st.floats(0, 1),
    n_contact=st.integers(0, 10**9),
)
everything = st.builds(
    Learned,
    stage=st.sampled_from(["prior", "posterior", "uplift"]),
    campaigns=st.integers(0, 100),
    save_rates=st.lists(rates, max_size=3).map(tuple),
    stopped=st.lists(st.builds(Stopped, action=names, tier=names | st.none(), why=st.text()), max_size=2).map(tuple),
    uplift=st.lists(names, max_size=2).map(tuple),
)


@given(learned=everything)
def test_what_is_written_is_read_back(learned, tmp_path_factory):
    path = tmp_path_factory.mktemp("campaigns") / LEARNED
    write_learned(path, learned)
    assert read_learned(path) == learned


def test_the_file_is_private_and_the_same_content_gives_the_same_bytes(tmp_path):
    path = tmp_path / "campaigns" / LEARNED
    write_learned(path, Learned("posterior", 1, (CALL,)))
    before = path.read_bytes()
    write_learned(path, read_learned(path))
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o077 == 0


def test_before_any_campaign_nothing_is_learned(tmp_path):
    found = read_learned(tmp_path / LEARNED)
    assert found == Learned() == Learned.NOTHING
    assert found.stage == "prior"
    assert "no campaign is measured" in found.says


def test_a_tier_s_own_rate_comes_before_that_of_every_tier():
    learned = Learned("posterior", 3, (EVERYWHERE, CALL))
    assert learned.rate("call", "Priority") is CALL
    assert learned.rate("call", "Gold") is EVERYWHERE
    assert learned.rate("mail", "Gold") is None
    assert CALL.mean == pytest.approx(0.3)


def test_an_action_is_stopped_for_a_tier_or_for_all():
    learned = Learned("posterior", 3, stopped=(Stopped("mail", "Mass", "worse"), Stopped("fax", None, "worse")))
    assert learned.stops("mail", "Mass")
    assert not learned.stops("mail", "Gold")
    assert learned.stops("fax", "Gold")


def test_the_sentence_names_what_is_measured_ranked_and_stopped():
    learned = Learned("uplift", 5, (CALL, EVERYWHERE), (Stopped("mail", "Mass", "worse"),), ("voucher",))
    assert learned.says == (
        "Stage uplift: 5 campaigns measured; save rates of call are measured; voucher ranked by measured uplift; "
        "stopped: mail for Mass."
    )
    assert "1 campaign measured" in Learned("posterior", 1).says


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"stage": "guess"}, "stage"),
        ({"save_rates": [{"action": "call"}]}, "save_rates.0"),
        ({"save_rates": [{**CALL.__dict__, "alpha": -1}]}, "alpha"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_damaged_file_is_refused_with_its_first_mistake_and_what_to_do(tmp_path, damage, says):
    path = tmp_path / LEARNED
    path.write_text(json.dumps({**Learned().as_json(), **damage}))
    with pytest.raises(DataError, match=rf"{says}.*campaign measure"):
        read_learned(path)


def test_a_file_that_is_no_json_or_cannot_be_read_is_refused(tmp_path):
    (tmp_path / LEARNED).write_text("{half")
    with pytest.raises(DataError, match="the file"):
        read_learned(tmp_path / LEARNED)
    with pytest.raises(DataError, match="cannot be read"):
        read_learned(tmp_path)
