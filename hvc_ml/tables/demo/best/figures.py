"""What is known in the end."""

from dataclasses import dataclass

from hvc_ml.tables.demo.draws import Floats


@dataclass(frozen=True)
class Best:
    """Figures by customer, as in ``Outlook``."""

    ids: list[str]
    churn_risk: Floats
    future_value: Floats
    value_if_kept: Floats
