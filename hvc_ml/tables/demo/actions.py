"""What each action of the playbook truly does to each made-up customer."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.draws import Floats, Ints, texts


@dataclass(frozen=True)
class DemoAction:
    """An action with its true costs, in the currency of the orders.

    ``contact`` is spent on every customer on the list, ``offer`` on everyone who takes it: those it saves, and the share
    ``take_up`` of those who would have stayed anyway.
    """

    name: str
    contact: float
    offer: float
    take_up: float


RETAIL_ACTIONS: Final = (
    DemoAction("bonus_points", 0.3, 3.0, 0.25),
    DemoAction("voucher", 0.6, 8.0, 0.45),
    DemoAction("call", 7.0, 0.0, 0.0),
)
SUBSCRIPTION_ACTIONS: Final = (
    DemoAction("training", 2.0, 0.0, 0.0),
    DemoAction("discount", 0.6, 12.0, 0.6),
    DemoAction("call", 9.0, 0.0, 0.0),
)


def action_table(actions: tuple[DemoAction, ...], save: Floats, risk: Floats, value: Floats, rows: Ints, ids: Any) -> Any:
    """The table ``truth/actions.parquet``, as of the end of the data: one row per customer and action.

    Parameters
    ----------
    save
        P(a customer who would leave stays because of the action), shape (n, actions).
    risk, value
        The oracle's churn risk and value if kept, shape (n,).
    rows, ids
        Rows of the n customers among ``ids``.

    Returns
    -------
    pyarrow.Table
        ``save_probability``, ``take_up``, ``offer``, ``contact``, ``effect`` (change of the chance to stay: risk x save)
        and ``expected_gain = risk save (value - offer) - (1 - risk) take_up offer - contact``.
    """
    count = len(actions)
    action = np.tile(np.arange(count), len(rows))
    contact, offer, take_up = (np.array([getattr(a, name) for a in actions])[action] for name in ("contact", "offer", "take_up"))
    g, p, v = save.reshape(-1), np.repeat(risk, count), np.repeat(value, count)
    gain = p * g * (v - offer) - (1 - p) * take_up * offer - contact
    return pa.table(
        {
            "customer_id": ids.take(pa.array(np.repeat(rows, count))),
            "action": texts(tuple(a.name for a in actions), action),
            "save_probability": pa.array(g),
            "take_up": pa.array(take_up),
            "offer": pa.array(offer),
            "contact": pa.array(contact),
            "effect": pa.array(p * g),
            "expected_gain": pa.array(gain),
        }
    )
