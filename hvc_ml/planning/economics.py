"""What contacting a customer is worth, and what it costs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def expected_gain(
    churn_risk: ArrayLike,
    value_if_kept: ArrayLike,
    *,
    save_rate: ArrayLike,
    offer_cost: ArrayLike,
    take_up: ArrayLike,
    contact_cost: ArrayLike,
) -> Floats:
    """Expected profit of one action on each customer, in the currency of ``value_if_kept``; more is better.

    ``risk * save_rate * (value - offer) - (1 - risk) * take_up * offer - contact``: the offer is wasted on those who
    would have stayed, which is why the riskiest customer is not always the first to call.

    Parameters
    ----------
    churn_risk : array_like, shape (n,)
        Probability of leaving within the horizon when nothing is done, in [0, 1].
    value_if_kept : array_like, shape (n,)
        Money expected over the horizon *given that the customer stays*. A value that already counts leavers as zero
        would count the risk twice.
    save_rate : array_like
        Share of leavers that the action keeps, in [0, 1].
    offer_cost : array_like
        Cost of the offer to a customer who takes it up.
    take_up : array_like
        Share of those who would have stayed anyway that take the offer up as well, in [0, 1].
    contact_cost : array_like
        Cost of the contact itself, paid for everyone.

    Returns
    -------
    ndarray, shape of the broadcast inputs
        Money; negative where the action costs more than it can bring. NaN where an input is NaN.

    Raises
    ------
    ValueError
        If a probability lies outside [0, 1].

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), "A novel profit maximizing metric for measuring classification performance of
    customer churn prediction models", IEEE Transactions on Knowledge and Data Engineering 25(5), 961-973. Their profit
    of a campaign, with ``gamma`` = save rate, ``delta = offer / CLV`` and ``phi = contact / CLV``, is
    ``CLV (gamma (1 - delta) - phi)`` for a leaver and ``-CLV (delta + phi)`` for a stayer. This is its expectation for
    one customer with a value of their own; take-up 1 gives theirs.

    Examples
    --------
    A customer worth 1,000 who leaves with probability 0.5, and one who almost surely leaves but is worth 60:

    >>> expected_gain([0.5, 0.9], [1000, 60], save_rate=0.3, offer_cost=15, take_up=0.5, contact_cost=3)
    array([141. ,   8.4])
    """
    risk, value, rate, taken = (
        np.asarray(x, dtype=np.float64) for x in (churn_risk, value_if_kept, save_rate, take_up)
    )
    offer, contact = np.asarray(offer_cost, dtype=np.float64), np.asarray(contact_cost, dtype=np.float64)
    _check_shares(churn_risk=risk, save_rate=rate, take_up=taken)
    return np.asarray(risk * rate * (value - offer) - (1.0 - risk) * taken * offer - contact)


def expected_spending(
    churn_risk: ArrayLike,
    *,
    save_rate: ArrayLike,
    offer_cost: ArrayLike,
    take_up: ArrayLike,
    contact_cost: ArrayLike,
) -> Floats:
    """Expected outlay of one action on each customer: the contact, and the offer where it is taken up.

    ``contact + offer * (risk * save_rate + (1 - risk) * take_up)``: what a budget has to cover. It is the cost side of
    `expected_gain`, which equals ``risk * save_rate * value - spending``.

    Parameters
    ----------
    churn_risk, save_rate, offer_cost, take_up, contact_cost : array_like
        As in `expected_gain`.

    Returns
    -------
    ndarray, shape of the broadcast inputs
        Money, at least 0.

    Raises
    ------
    ValueError
        If a probability lies outside [0, 1].

    Examples
    --------
    >>> expected_spending([0.5], save_rate=0.3, offer_cost=15, take_up=0.5, contact_cost=3)
    array([9.])
    """
    risk, rate, taken = (np.asarray(x, dtype=np.float64) for x in (churn_risk, save_rate, take_up))
    offer, contact = np.asarray(offer_cost, dtype=np.float64), np.asarray(contact_cost, dtype=np.float64)
    _check_shares(churn_risk=risk, save_rate=rate, take_up=taken)
    return np.asarray(contact + offer * (risk * rate + (1.0 - risk) * taken))


def gain_from_uplift(uplift: ArrayLike, value_if_kept: ArrayLike, *, spending: ArrayLike) -> Floats:
    """Expected profit of one action where its effect on each customer is measured: ``uplift * value - spending``.

    Parameters
    ----------
    uplift : array_like, shape (n,)
        How much likelier the customer is to stay because of the action, in [-1, 1]; negative where it drives away.
    value_if_kept : array_like, shape (n,)
        Money expected over the horizon given that the customer stays.
    spending : array_like, shape (n,)
        Expected outlay, as of `spending_at_uplift`.

    Returns
    -------
    ndarray, shape of the broadcast inputs
        Money; more is better.

    Raises
    ------
    ValueError
        If an uplift lies outside [-1, 1].

    Examples
    --------
    >>> gain_from_uplift([0.15, -0.02], [1000, 1000], spending=[9, 9])
    array([141., -29.])
    """
    effect = np.asarray(uplift, dtype=np.float64)
    _check_shares(uplift=np.abs(effect))
    return np.asarray(effect * np.asarray(value_if_kept, np.float64) - np.asarray(spending, np.float64))


def spending_at_uplift(
    uplift: ArrayLike, churn_risk: ArrayLike, *, offer_cost: ArrayLike, take_up: ArrayLike, contact_cost: ArrayLike
) -> Floats:
    """Expected outlay where the effect is measured: those who are kept take the offer, and some of those who stay.

    ``contact + offer * (max(uplift, 0) + (1 - risk) * take_up)``: `expected_spending` with ``risk * save_rate``
    measured.

    Examples
    --------
    >>> spending_at_uplift([0.15], [0.5], offer_cost=15, take_up=0.5, contact_cost=3)
    array([9.])
    """
    effect, risk, taken = (np.asarray(x, dtype=np.float64) for x in (uplift, churn_risk, take_up))
    offer, contact = np.asarray(offer_cost, dtype=np.float64), np.asarray(contact_cost, dtype=np.float64)
    _check_shares(uplift=np.abs(effect), churn_risk=risk, take_up=taken)
    return np.asarray(contact + offer * (np.maximum(effect, 0.0) + (1.0 - risk) * taken))


def _check_shares(**shares: Floats) -> None:
    for name, share in shares.items():
        wrong = int(np.count_nonzero((share < 0.0) | (share > 1.0)))
        if wrong:
            raise ValueError(f"{name}: {wrong:,} of {share.size:,} values lie outside [0, 1]")
