"""Where every customer stands: the tiers of a business, told the same way by `score` and by `profile`."""

from datetime import date

import pandas as pd

from hvc_ml.segments.standing import Standings
from hvc_ml.workflows.shop import Shop


def standings(shop: Shop) -> Standings:
    """How tiers are told in this business."""
    config = shop.project.config
    return Standings(shop.engine, shop.tables, shop.plan(), config.tiers, config.profile.tier_margin)


def tiers_before(shop: Shop, cutoff: date) -> pd.Series | None:
    """The tiers of the month before a cutoff, indexed by customer id; None where tiers have no memory."""
    return standings(shop).before(cutoff)
