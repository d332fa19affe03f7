"""One block of a made-up club: its members, what it recorded of them, and the truth."""

from typing import Any

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.actions import SUBSCRIPTION_ACTIONS, action_table
from hvc_ml.tables.demo.buyers import GENDERS, REGIONS, SIGNUP_CHANNELS
from hvc_ml.tables.demo.contracts_log import contract_table, draw_club, event_table, order_table
from hvc_ml.tables.demo.draws import MICROSECONDS_PER_DAY, Floats, Ints, clock, logistic, numbered, stamps, texts
from hvc_ml.tables.demo.laws import PROFESSIONS
from hvc_ml.tables.demo.members import PERSONAS, PLANS, Members, draw_members
from hvc_ml.tables.demo.outlook import outlook_table
from hvc_ml.tables.demo.season import Season
from hvc_ml.tables.demo.subscription_outlook import GRACE, ContractOutlook, look_ahead

Tables = dict[str, Any]


def subscription_block(
    rng: np.random.Generator, number: Ints, season: Season, cutoffs: Ints, horizon: int
) -> tuple[Tables, Tables]:
    """Make up the members with these running numbers.

    Returns
    -------
    tuple
        Data (orders, customers, events, contracts) and truth (customers, outlook, actions): name -> pyarrow.Table.
    """
    members = draw_members(rng, number, season)
    ids = numbered("C", number + 1, 7)
    club = draw_club(rng, members, season.end + horizon + GRACE + 1)
    data = {
        "orders": order_table(rng, club, season.end, ids),
        "customers": _customers(rng, members, ids),
        "events": event_table(rng, club, season.end, ids),
        "contracts": contract_table(club, season.end, ids),
    }
    outlooks = look_ahead(club, cutoffs, horizon)
    now = outlooks[-1]
    truth = {
        "customers": _true_customers(members, ids),
        "outlook": outlook_table(outlooks, ids, ("active", "fading")),
        "actions": action_table(
            SUBSCRIPTION_ACTIONS,
            _saving(members, now),
            ids.take(pa.array(now.row)),
            risk=now.churn_risk,
            value=now.value_if_kept,
        ),
    }
    return data, truth


def _customers(rng: np.random.Generator, members: Members, ids: Any) -> Any:
    n = len(members)
    return pa.table(
        {
            "customer_id": ids,
            "signed_up_at": stamps(clock(rng, members.signup)),
            "profession": texts(PROFESSIONS, members.profession, rng.random(n) > 0.04),
            "region": texts(REGIONS, members.region),
            "signup_channel": texts(SIGNUP_CHANNELS, members.signup_channel),
            "gender": texts(GENDERS, members.gender, rng.random(n) > 0.05),
        }
    )


def _true_customers(members: Members, ids: Any) -> Any:
    plain = (
        "satisfaction",
        "thrift",
        "leaving",
        "fading",
        "visits",
        "uses",
        "tickets",
        "complaints",
        "extras",
        "extra_spend",
        "discount",
        "payment_fails",
        "lapse",
        "comeback",
    )
    return pa.table(
        {
            "customer_id": ids,
            "segment": texts(PERSONAS, members.persona),
            "signed_up_at": stamps(members.signup * MICROSECONDS_PER_DAY),
            "plan": texts(PLANS, members.plan),
            **{name: pa.array(getattr(members, name)) for name in plain},
        }
    )


def _saving(members: Members, now: ContractOutlook) -> Floats:
    """P(saved) by action: mails help newcomers who use little, discounts the thrifty, a call whoever is angry."""
    row = now.row
    mail = logistic(-2.6 + 1.0 * (now.tenure < 3) + 0.5 * (now.state == 1))
    discount = logistic(-1.2 + 2.5 * (members.thrift[row] - 0.3) - 0.6 * now.complained)
    call = logistic(-1.0 + 1.2 * now.complained + 0.2 * members.satisfaction[row])
    return np.asarray(np.stack([mail, discount, call], axis=1))
