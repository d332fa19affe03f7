"""Are the groups as large as they were drawn? A difference that chance does not explain spoils every comparison."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import chi2

ALARM: Final = 0.001
"""Below this p-value the groups are not what was drawn; chance alone gives one false alarm in a thousand campaigns."""

_EXPECTED: Final = 5.0  # the usual rule for a chi-square: fewer expected in a stratum, and it joins the others


@dataclass(frozen=True)
class RatioCheck:
    """The sample-ratio check of a campaign.

    Parameters
    ----------
    share
        Share that was to be held out.
    found
        Share that is.
    p_value
        Of both groups as a whole.
    p_strata
        Of all strata at once; 1 where there are too few customers to look.

    Examples
    --------
    >>> RatioCheck(0.1, 0.099, 0.9, 0.5).passed
    True
    """

    share: float
    found: float
    p_value: float
    p_strata: float

    @property
    def passed(self) -> bool:
        """Whether both are what chance gives."""
        return min(self.p_value, self.p_strata) >= ALARM


def sample_ratio(held: pd.Series, share: float, strata: pd.Series) -> RatioCheck:
    """Compare the sizes of the groups with the share that was to be held out.

    Parameters
    ----------
    held : Series of bool, shape (n,)
        Whether a customer is held out.
    share : float
        Share that was drawn, in (0, 1).
    strata : Series, shape (n,)
        Such as tiers; strata in which fewer than five of either group are expected are taken together.

    Returns
    -------
    RatioCheck
        Chi-square tests. A draw that is stratified is closer to its share than chance: the test is careful.

    References
    ----------
    Fabijan et al. (2019), "Diagnosing sample ratio mismatch in online controlled experiments", KDD.

    Examples
    --------
    >>> held = pd.Series([True] * 100 + [False] * 900)
    >>> sample_ratio(held, 0.1, pd.Series("Gold", index=held.index)).passed
    True
    >>> sample_ratio(held, 0.2, pd.Series("Gold", index=held.index)).passed
    False
    """
    is_held = held.to_numpy(np.bool_)
    counted = pd.DataFrame({"stratum": strata.astype(str).to_numpy(), "held": is_held}).groupby("stratum")["held"]
    sizes, found = counted.size().to_numpy(np.float64), counted.sum().to_numpy(np.float64)
    small = sizes * min(share, 1.0 - share) < _EXPECTED
    sizes, found = (np.r_[x[~small], x[small].sum()] for x in (sizes, found))
    large = sizes * min(share, 1.0 - share) >= _EXPECTED
    return RatioCheck(
        share=share,
        found=float(is_held.mean()),
        p_value=_p(np.array([float(is_held.sum())]), np.array([float(len(is_held))]), share),
        p_strata=_p(found[large], sizes[large], share),
    )


def _p(found: np.ndarray, sizes: np.ndarray, share: float) -> float:
    if not len(sizes):
        return 1.0
    statistic = ((found - sizes * share) ** 2 / (sizes * share * (1.0 - share))).sum()
    return float(chi2.sf(statistic, len(sizes)))
