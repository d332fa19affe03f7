import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.explanation.reasons import FAMILY_WORDS, reasons, sentences, speakers
from hvc_ml.features.algebra import since_last
from hvc_ml.features.feature import FAMILIES, Feature


def feature(name, says, family="rhythm", unit="days"):
    return Feature(name, since_last(), says, family, unit)


SILENCE = feature("silence", "no order for {value:days}; usually every {gap:days}", "recency")
GAP = feature("gap", "usually orders every {value:days}")
SPEND = feature("spend", "spent {value:money} in the last 90 days", "spending", "money")
JOB = feature("job", "profession: {value:text}", "profile", "text")
FEATURES = {f.name: f for f in (SILENCE, GAP, SPEND, JOB)}
BELONG = {name: f.family for name, f in FEATURES.items()} | {"prior": "rhythm"}
FIGURES = pd.DataFrame({"silence": [94.0], "gap": [31.0], "spend": [12.5], "job": ["baker"], "prior": [0.2]})
UNITS = ("money", "days", "count", "share", "ratio", "number")
PEERS = {"silence": 22.0, "spend": 240.0, "gap": float("nan")}


def spoken(family, of_features, belong=BELONG):
    amounts = pd.DataFrame(of_features)
    return speakers(amounts, list(amounts), list(family), belong)


def tell(family, of_features, figures=FIGURES, belong=BELONG, **options):
    settings = {"peers": PEERS, "currency": "GBP"} | options
    return reasons(pd.DataFrame(family), spoken(family, of_features, belong), figures, FEATURES, **settings)


def test_the_largest_families_come_first_in_the_customer_s_own_figures():
    told = tell(
        {"rhythm": [5.0], "spending": [40.0], "recency": [80.0], "profile": [-3.0]},
        {"silence": [80.0], "gap": [5.0], "spend": [40.0], "job": [-3.0]},
    ).iloc[0]
    assert told["reason_1"] == "no order for 94 days; usually every 31 days (peers: 22 days)"
    assert told["reason_2"] == "spent £12.50 in the last 90 days (peers: £240)"
    assert told["reason_3"] == "usually orders every 31 days"
    assert told[["reason_1_amount", "reason_2_amount", "reason_3_amount"]].tolist() == [80.0, 40.0, 5.0]


def test_fewer_than_three_positive_families_leave_empty_texts_and_missing_amounts():
    told = tell(
        {"recency": [80.0], "spending": [-1.0], "profile": [0.0]}, {"silence": [80.0], "spend": [-1.0], "job": [0.0]}
    )
    assert list(told.columns) == [f"reason_{i}{end}" for i in (1, 2, 3) for end in ("", "_amount")]
    assert told["reason_2"].tolist() == told["reason_3"].tolist() == [""]
    assert told[["reason_2_amount", "reason_3_amount"]].isna().all(axis=None)


def test_more_reasons_than_families_may_be_asked_for():
    assert tell({"recency": [1.0]}, {"silence": [1.0]}, top=2)["reason_2"].tolist() == [""]


def test_the_strongest_feature_of_the_family_speaks_and_one_that_lowers_the_risk_does_not():
    told = tell({"rhythm": [30.0]}, {"gap": [-50.0], "prior": [80.0]})
    assert told.loc[0, "reason_1"] == FAMILY_WORDS["rhythm"]
    assert tell({"rhythm": [30.0]}, {"gap": [29.0], "prior": [1.0]}).loc[0, "reason_1"].startswith("usually orders")
    assert tell({"rhythm": [30.0]}, {"gap": [1.0], "prior": [29.0]}).loc[0, "reason_1"] == FAMILY_WORDS["rhythm"]


def test_a_feature_of_no_family_never_speaks():
    assert spoken({"rhythm": [30.0]}, {"gap": [1.0], "prior": [29.0]}, {"gap": "rhythm"}).places.tolist() == [[0]]
    assert spoken({"price": [30.0]}, {"gap": [1.0]}).places.tolist() == [[-1]]


@given(st.lists(st.lists(st.sampled_from([-2.0, 0.0, 1.0, 3.0]), min_size=5, max_size=5), max_size=20))
def test_the_speaker_is_the_first_of_the_largest_amounts_of_its_family(rows):
    names, of = ["a", "b", "c", "d", "e"], {"a": "x", "b": "y", "c": "x", "d": "x"}
    found = speakers(np.array(rows).reshape(-1, 5), names, ["y", "x", "none"], of)
    for row, places in zip(rows, found.places, strict=True):
        for family, place in zip(["y", "x", "none"], places, strict=True):
            own = [(-amount, i) for i, amount in enumerate(row) if of.get(names[i]) == family and amount > 0]
            assert place == (min(own)[1] if own else -1)


def test_a_family_nobody_has_words_for_is_told_by_its_name():
    assert tell({"other": [3.0]}, {"prior": [3.0]}, belong={"prior": "other"}).loc[0, "reason_1"] == "other"


def test_every_family_has_words():
    assert tuple(FAMILY_WORDS) == FAMILIES


def test_a_tie_goes_to_the_earlier_family():
    told = tell({"spending": [5.0], "recency": [5.0]}, {"spend": [5.0], "silence": [5.0]})
    assert told.loc[0, "reason_1"].startswith("spent")


def test_a_missing_figure_is_said_or_its_part_left_out():
    figures = pd.DataFrame({"silence": [94.0, np.nan], "gap": [np.nan, 5.0]})
    assert sentences(SILENCE, figures, 22.0, currency="EUR").tolist() == [
        "no order for 94 days (peers: 22 days)",
        "silence: unknown (peers: 22 days)",
    ]
    assert sentences(SILENCE, figures[["silence"]], currency="EUR").tolist() == [
        "no order for 94 days",
        "silence: unknown",
    ]
    assert sentences(JOB, pd.DataFrame({"job": [None, "baker"]}), 3.0, currency="EUR").tolist() == [
        "job: unknown",
        "profession: baker",
    ]


@given(st.lists(st.sampled_from([None, -0.0, 0.0, 1.0, 31.4, np.inf, 12345.6]), max_size=9), st.sampled_from(UNITS))
def test_every_figure_is_written_as_it_would_be_alone(figures, unit):
    spoken_of = feature("gap", "{value:" + unit + "}", unit=unit)
    table = pd.DataFrame({"gap": pd.Series(figures, dtype=np.float64)})
    alone = [sentences(spoken_of, table.iloc[[i]], currency="EUR")[0] for i in range(len(table))]
    assert sentences(spoken_of, table, currency="EUR").tolist() == alone
    assert [text == "gap: unknown" for text in alone] == [f is None or not np.isfinite(f) for f in figures]


def test_a_customer_s_text_with_braces_is_not_a_template():
    told = sentences(JOB, pd.DataFrame({"job": ["{value:text}; {gap:days}", "%s {0.__class__}"]}), currency="EUR")
    assert told.tolist() == ["profession: {value:text}; {gap:days}", "profession: %s {0.__class__}"]


def test_reasons_keep_the_customers_index_and_no_one_is_no_reasons():
    family = pd.DataFrame({"recency": [1.0, 2.0]}, index=[7, 3])
    told_by, figures = spoken(family, {"silence": [1.0, 2.0]}), pd.concat([FIGURES, FIGURES])
    told = reasons(family, told_by, figures, FEATURES, peers={}, currency="EUR")
    assert told.index.tolist() == [7, 3]
    nobody = told_by.at(np.array([], dtype=np.int64))
    empty = reasons(family.head(0), nobody, figures.head(0), FEATURES, peers={}, currency="EUR")
    assert empty.shape == (0, 6)


def test_frames_of_other_customers_are_refused():
    with pytest.raises(ValueError, match=r"1 rows of 1 families, speakers of shape \(2, 1\) and 1 rows"):
        tell({"recency": [1.0]}, {"silence": [1.0, 2.0]})


def test_reasons_never_say_because():
    assert "because" not in " ".join(FAMILY_WORDS.values())


def test_one_order_is_an_order_and_two_are_orders():
    orders = feature("orders", "{value:count} order|orders in the last 90 days", "frequency", "count")
    told = sentences(orders, pd.DataFrame({"orders": [1.0, 2.0, 0.0]}), 1.0, currency="EUR")
    assert told.tolist() == [
        "1 order in the last 90 days (peers: 1)",
        "2 orders in the last 90 days (peers: 1)",
        "0 orders in the last 90 days (peers: 1)",
    ]
