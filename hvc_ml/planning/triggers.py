"""Which actions a customer may be proposed: by tier, and by what their value at risk is linked with."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.planning.playbook import Playbook


def allowed_actions(
    tiers: pd.Series, playbook: Playbook, family_amounts: pd.DataFrame | None = None, *, top: int = 3
) -> NDArray[np.bool_]:
    """Whether each action of the playbook may be proposed to each customer.

    Parameters
    ----------
    tiers : Series, length n
        Each customer's tier.
    playbook : Playbook
        Its actions name the tiers and the families of reasons that trigger them; null means all.
    family_amounts : DataFrame, shape (n, number of families), optional
        Money at risk linked with each family, one column per family, rows as in ``tiers``. Without it, an action that
        asks for a family is never allowed.
    top : int, default 3
        How many of a customer's largest positive families count.

    Returns
    -------
    ndarray of bool, shape (n, number of actions)

    Raises
    ------
    ValueError
        If ``family_amounts`` has another number of rows.

    Examples
    --------
    >>> amounts = pd.DataFrame({"service": [9.0, -1.0], "rhythm": [1.0, 5.0]})
    >>> allowed_actions(pd.Series(["Priority", "Mass"]), Playbook(), amounts)
    array([[ True,  True,  True],
           [False, False,  True]])
    """
    if family_amounts is not None and len(family_amounts) != len(tiers):
        raise ValueError(f"{len(family_amounts):,} rows of amounts for {len(tiers):,} customers")
    leading = _leading(family_amounts, top) if family_amounts is not None else {}
    nobody = np.zeros(len(tiers), dtype=np.bool_)
    columns = []
    for action in playbook.actions:
        may = ~nobody if action.tiers is None else tiers.isin(action.tiers).to_numpy(dtype=np.bool_)
        if action.families is not None:
            may = may & np.logical_or.reduce([nobody, *(leading.get(family, nobody) for family in action.families)])
        columns.append(may)
    return np.column_stack(columns)


def _leading(amounts: pd.DataFrame, top: int) -> dict[str, NDArray[np.bool_]]:
    """Per family, whether it is among a customer's ``top`` largest positive ones; ties by the order of the columns."""
    money = amounts.to_numpy(dtype=np.float64)
    order = np.argsort(-money, axis=1, kind="stable")[:, :top]
    leads = np.zeros(money.shape, dtype=np.bool_)
    np.put_along_axis(leads, order, values=True, axis=1)
    leads &= money > 0.0
    return {str(family): leads[:, j] for j, family in enumerate(amounts.columns)}
