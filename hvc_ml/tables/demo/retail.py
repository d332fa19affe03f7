"""One block of a made-up shop: its customers, what it recorded of them, and the truth."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.actions import RETAIL_ACTIONS, action_table
from hvc_ml.tables.demo.buyers import GENDERS, REGIONS, SIGNUP_CHANNELS, Buyers, draw_buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, at_midnight, clock, logistic, numbered, stamps, texts
from hvc_ml.tables.demo.events import event_table, referrers
from hvc_ml.tables.demo.laws import PROFESSIONS, SEGMENTS
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, Lives, live
from hvc_ml.tables.demo.orders import CATEGORIES, Shop, order_table, ring_up
from hvc_ml.tables.demo.outlook import Outlook, look_ahead, outlook_table
from hvc_ml.tables.demo.season import Season

FORGOTTEN_DAYS: Final = 120.0
"""Actions lose their hold on customers who are gone: by a factor e in so many days."""

Tables = dict[str, Any]


def retail_block(
    rng: np.random.Generator, number: Ints, season: Season, cutoffs: Ints, horizon: int
) -> tuple[Tables, Tables]:
    """Make up the customers with these running numbers.

    Returns
    -------
    tuple
        Data (orders, customers, events) and truth (customers, outlook, actions): name -> pyarrow.Table.
    """
    shop, ids = draw_shop(rng, number, season), numbered("C", number + 1, 7)
    data = recorded(rng, shop, ids)
    buyers, lives = shop.buyers, shop.lives
    outlooks = look_ahead(shop, cutoffs, horizon)
    now = outlooks[-1]
    save = _saving(buyers, lives, now)
    truth = {
        "customers": _true_customers(buyers, lives, season, ids),
        "outlook": outlook_table(outlooks, ids),
        "actions": action_table(
            RETAIL_ACTIONS, save, ids.take(pa.array(now.row)), risk=now.churn_risk, value=now.value_if_kept
        ),
    }
    return data, truth


def draw_shop(rng: np.random.Generator, number: Ints, season: Season) -> Shop:
    """The customers with these running numbers, how they live, and what they pay."""
    buyers = draw_buyers(rng, number, season, len(CATEGORIES))
    lives = live(rng, buyers, season)
    return Shop(buyers, season, lives, ring_up(rng, buyers, lives, season))


def recorded(rng: np.random.Generator, shop: Shop, ids: Any) -> Tables:
    """What the shop recorded before the end of its season: orders, customers, events; ``ids`` of its buyers."""
    sent_by = referrers(rng, shop.buyers, shop.lives)
    return {
        "orders": order_table(rng, shop, ids),
        "customers": _customers(rng, shop.buyers, sent_by, ids),
        "events": event_table(rng, shop, sent_by, ids),
    }


def save_chances(buyers: Buyers, row: Ints, lately: Flags, away: Floats) -> Floats:
    """P(saved) by action: points bind members, vouchers bargain hunters, a call whoever is angry or a good customer.

    Parameters
    ----------
    row
        Rows of the buyers that are asked for, shape (n,).
    lately
        Whether there was a complaint in the last ``2 * COMPLAINT_DAYS``, shape (n,).
    away
        Days since they are gone, 0 for those who are not, shape (n,).

    Returns
    -------
    Floats
        Probabilities, shape (n, actions), in the order of ``RETAIL_ACTIONS``.
    """
    taste = buyers.bargain[row] - 0.25
    points = logistic(-2.4 + 1.6 * buyers.loyal[row] + 0.3 * buyers.satisfaction[row])
    voucher = logistic(-1.2 + 3.0 * taste - 0.8 * lately)
    call = logistic(-0.9 + 1.3 * lately + 0.7 * (buyers.segment[row] == SEGMENTS.index("business")) - 1.5 * taste)
    return np.asarray(np.stack([points, voucher, call], axis=1) * np.exp(-away / FORGOTTEN_DAYS)[:, None])


def _customers(rng: np.random.Generator, buyers: Buyers, sent_by: Ints, ids: Any) -> Any:
    n = len(buyers)
    return pa.table(
        {
            "customer_id": ids,
            "signed_up_at": stamps(clock(rng, np.floor(buyers.signup).astype(np.int64))),
            "profession": texts(PROFESSIONS, buyers.profession, rng.random(n) > 0.04),
            "region": texts(REGIONS, buyers.region),
            "signup_channel": texts(SIGNUP_CHANNELS, np.where(sent_by >= 0, 3, buyers.signup_channel)),
            "gender": texts(GENDERS, buyers.gender, rng.random(n) > 0.05),
            "loyalty_member": texts(("no", "yes"), buyers.loyal.astype(np.int64)),
            "referred_by": ids.take(pa.array(sent_by, mask=sent_by < 0)),
        }
    )


def _true_customers(buyers: Buyers, lives: Lives, season: Season, ids: Any) -> Any:
    known = lives.fading_at < season.last, lives.gone_at < season.last
    moments = [
        at_midnight(np.where(flag, at, 0.0)) for flag, at in zip(known, (lives.fading_at, lives.gone_at), strict=True)
    ]
    plain = (
        "rate",
        "shape",
        "spend",
        "satisfaction",
        "bargain",
        "refund_chance",
        "cost_share",
        "visits",
        "opens",
        "tickets",
        "complaints",
        "one_off",
        "fade_hazard",
        "complaint_pull",
        "loyal",
    )
    return pa.table(
        {
            "customer_id": ids,
            "segment": texts(SEGMENTS, buyers.segment),
            "signed_up_at": stamps(at_midnight(buyers.signup)),
            "fading_at": stamps(moments[0], known[0]),
            "gone_at": stamps(moments[1], known[1]),
            **{name: pa.array(getattr(buyers, name)) for name in plain},
        }
    )


def _saving(buyers: Buyers, lives: Lives, now: Outlook) -> Floats:
    """P(saved) by action at the last cutoff."""
    lately = np.zeros(len(buyers), dtype=bool)
    near = (lives.complaints.at < now.cutoff) & (lives.complaints.at >= now.cutoff - 2 * COMPLAINT_DAYS)
    lately[lives.complaints.row[near]] = True
    away = np.maximum(now.cutoff - lives.gone_at[now.row], 0.0)
    return save_chances(buyers, now.row, lately[now.row], away)
