"""When the watch raises an alarm; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated

from pydantic import Field

from hvc_ml.settings import Settings, Share


class MonitorSettings(Settings):
    """Limits of `hvc-ml monitor`: beyond one of them it ends with code 7.

    Examples
    --------
    >>> MonitorSettings().drift
    0.2
    """

    drift: Annotated[float, Field(gt=0.0, le=10.0)] = 0.2
    """Population stability index from which an input or a risk counts as drifted (0.1 is little, 0.25 is much)."""
    money: Share = 0.3
    """Share by which expected gain may fall from one list to the next, and money that came may miss its forecast."""
    auc: Share = 0.05
    """How far the churn AUC may lie below what was tested, or what the risks themselves promised."""
    calibration: Share = 0.05
    """How far the churn rate may lie from the mean risk, and the intervals' coverage below what was set."""
