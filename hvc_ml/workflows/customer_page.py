"""A customer's explanation as the page that a report makes of it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hvc_ml.estimators.timing import ACT_BEFORE, REPORTED
from hvc_ml.report.customer_page import CustomerPage

if TYPE_CHECKING:
    from hvc_ml.workflows.explain import ExplainResult


_BACK_BY_THEN: Final = (
    "half of those like this customer who come back on their own within these days have done so by then."
)
_LEFT_BY_THEN: Final = "half of those like this customer who leave within these days have left by then."


def customer_page(found: "ExplainResult", *, business: str, under_contract: bool) -> CustomerPage:
    """What the page shows.

    Parameters
    ----------
    found
        The explanation.
    business
        The config's name.
    under_contract
        Whether leaving is the end of a contract.
    """
    said = found.scores
    days = said.get(ACT_BEFORE)
    shorter = [(k, said[f"churn_risk_{k}d"]) for k in REPORTED if f"churn_risk_{k}d" in said]
    return CustomerPage(
        business=business,
        customer_id=found.customer_id,
        tier=found.tier,
        model_version=found.model_version,
        currency=found.currency,
        cutoff=found.cutoff,
        horizon=found.horizon,
        event="The contract ends" if under_contract else "No order",
        value_at_risk=said["value_at_risk"],
        churn_risk=said["churn_risk"],
        value_if_kept=said["value_if_kept"],
        future_value=(said["future_value_low"], said["future_value"], said["future_value_high"]),
        base=said["base_amount"],
        reasons=tuple((r.words, r.amount, r.says) for r in found.reasons),
        risks=(*shorter, (found.horizon, said["churn_risk"])),
        why_then=_LEFT_BY_THEN if under_contract else _BACK_BY_THEN,
        act_before=None if days is None else found.cutoff + timedelta(days=int(days)),
        figures=tuple((f.name.replace("_", " "), *found.written(f), f.below) for f in found.figures),
        orders=found.orders,
    )
