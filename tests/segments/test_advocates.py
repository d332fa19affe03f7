import pandas as pd

from hvc_ml.segments.advocates import advocates


def everybody(features):
    return [("all", pd.Series(True, index=features.index))]


def test_promoters_answer_nine_or_more_and_detractors_six_or_less():
    features = pd.DataFrame({"last_survey": [10.0, 9.0, 8.9, 7.0, 6.0, 0.0, None]})
    found = advocates(features, everybody(features)).iloc[0]
    assert (found["answered"], found["promoters"], found["detractors"]) == (6, 2, 2)
    assert found["nps"] == 0.0
    assert found["share"] == 2 / 7


def test_who_answers_well_and_brings_others_is_one_advocate():
    features = pd.DataFrame({"last_survey": [10.0, None, 3.0], "referrals_lifetime": [2.0, 1.0, 0.0]})
    found = advocates(features, everybody(features)).iloc[0]
    assert (found["referrers"], found["referrals"], found["advocates"]) == (2, 3, 2)


def test_without_surveys_and_referrals_there_is_nothing_to_tell():
    features = pd.DataFrame({"orders_365d": [1.0]})
    assert advocates(features, everybody(features)).empty


def test_referrals_alone_are_enough_and_an_empty_group_has_no_share():
    features = pd.DataFrame({"referrals_lifetime": [0.0, 2.0]})
    found = advocates(features, [*everybody(features), ("nobody", pd.Series(False, index=features.index))])
    assert found["advocates"].tolist() == [1, 0]
    assert pd.isna(found["share"].iloc[1])


def test_nobody_answered_has_no_score():
    features = pd.DataFrame({"last_survey": [None, None]}, dtype=float)
    assert advocates(features, everybody(features))["nps"].isna().all()
