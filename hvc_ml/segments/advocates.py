"""Advocates: who brings others, or would."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

SURVEY: Final = "last_survey"
REFERRALS: Final = "referrals_lifetime"
PROMOTER: Final = 9.0
DETRACTOR: Final = 6.0


def advocates(features: pd.DataFrame, groups: Sequence[tuple[str, pd.Series]]) -> pd.DataFrame:
    """Promoters and referrers among several groups of customers.

    Parameters
    ----------
    features
        ``last_survey`` (0 to 10, unknown where nobody answered) and ``referrals_lifetime``, as far as there are any.
    groups
        Name, and who belongs to it (with the index of ``features``).

    Returns
    -------
    DataFrame
        ``group``, ``customers``; with surveys ``answered``, ``promoters`` (last answer 9 or 10), ``detractors`` (0 to
        6), ``nps`` (promoters less detractors, in points of those who answered; higher is better); with referrals
        ``referrers`` and ``referrals``; ``advocates``: promoters or referrers, and their ``share``. Without either
        kind of event no rows.

    References
    ----------
    Reichheld (2003), "The one number you need to grow", Harvard Business Review, December 2003.

    Examples
    --------
    >>> features = pd.DataFrame({"last_survey": [10.0, 3.0, None], "referrals_lifetime": [0.0, 0.0, 2.0]})
    >>> found = advocates(features, [("all", pd.Series([True] * 3))])
    >>> found[["promoters", "nps", "referrers", "advocates"]].values.tolist()
    [[1.0, 0.0, 1.0, 2.0]]
    """
    if SURVEY not in features and REFERRALS not in features:
        return pd.DataFrame()
    return pd.DataFrame([{"group": name, **_figures(features[inside])} for name, inside in groups])


def _figures(rows: pd.DataFrame) -> dict[str, float | int]:
    found: dict[str, float | int] = {"customers": len(rows)}
    advocate = pd.Series(False, index=rows.index)
    if SURVEY in rows:
        answer = rows[SURVEY].dropna()
        promoters, detractors = int((answer >= PROMOTER).sum()), int((answer <= DETRACTOR).sum())
        nps = 100 * (promoters - detractors) / len(answer) if len(answer) else float("nan")
        found |= {"answered": len(answer), "promoters": promoters, "detractors": detractors, "nps": nps}
        advocate |= rows[SURVEY] >= PROMOTER
    if REFERRALS in rows:
        brought = rows[REFERRALS].fillna(0.0)
        found |= {"referrers": int((brought > 0).sum()), "referrals": int(brought.sum())}
        advocate |= brought > 0
    count = int(advocate.sum())
    return {**found, "advocates": count, "share": count / len(rows) if len(rows) else float("nan")}
