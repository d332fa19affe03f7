"""What each action of the playbook truly does to each made-up customer."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.draws import Floats, texts


@dataclass(frozen=True)
class DemoAction:
    """An action with its true costs, in the currency of the orders.

    ``contact`` is spent on every customer on the list, ``offer`` on everyone who takes it: those it saves, and the
    share ``take_up`` of those who would have stayed anyway.
    """

    name: str
    contact: float
    offer: float
    take_up: float
    prior: tuple[float, float]
    channel: str
    lead_time: int
    says: tuple[str, ...]
    tiers: tuple[str, ...] = ()


_CALL: Final = ("Thank them for their orders so far.", "Ask what went wrong, and put it right.")
RETAIL_ACTIONS: Final = (
    DemoAction("bonus points", 0.3, 3.0, 0.25, (4, 16), "e-mail", 1, ("Double points on the next order.",)),
    DemoAction("voucher", 0.6, 8.0, 0.45, (5, 15), "letter", 3, ("8 EUR off the next order.", "Valid for 30 days.")),
    DemoAction("personal call", 7.0, 0.0, 0.0, (6, 14), "phone", 2, _CALL, ("Priority", "Gold")),
)
SUBSCRIPTION_ACTIONS: Final = (
    DemoAction(
        "onboarding mail", 0.4, 0.0, 0.0, (2, 18), "e-mail", 1, ("Show the three functions used least so far.",)
    ),
    DemoAction("discount", 0.5, 6.0, 0.6, (5, 15), "e-mail", 1, ("6 EUR off the next invoice.",)),
    DemoAction("personal call", 7.0, 0.0, 0.0, (6, 14), "phone", 2, _CALL, ("Priority", "Gold")),
)


def action_table(actions: tuple[DemoAction, ...], save: Floats, ids: Any, *, risk: Floats, value: Floats) -> Any:
    """The table ``truth/actions.parquet``, as of the end of the data: one row per customer and action.

    Parameters
    ----------
    save
        P(a customer who would leave stays because of the action), shape (n, actions).
    ids
        Ids of the n customers.
    risk, value
        The oracle's churn risk and value if kept, shape (n,).

    Returns
    -------
    pyarrow.Table
        ``save_probability``, ``take_up``, ``offer``, ``contact``, ``effect`` (risk x save: how much likelier to stay)
        and ``expected_gain = risk save (value - offer) - (1 - risk) take_up offer - contact``.
    """
    count = len(actions)
    action = np.tile(np.arange(count), len(ids))
    contact, offer, take_up = (
        np.array([getattr(a, name) for a in actions])[action] for name in ("contact", "offer", "take_up")
    )
    g, p, v = save.reshape(-1), np.repeat(risk, count), np.repeat(value, count)
    gain = p * g * (v - offer) - (1 - p) * take_up * offer - contact
    return pa.table(
        {
            "customer_id": ids.take(pa.array(np.repeat(np.arange(len(ids)), count))),
            "action": texts(tuple(a.name for a in actions), action),
            "save_probability": pa.array(g),
            "take_up": pa.array(take_up),
            "offer": pa.array(offer),
            "contact": pa.array(contact),
            "effect": pa.array(p * g),
            "expected_gain": pa.array(gain),
        }
    )
