"""Profile: what is known of a customer, as it is written in the table of customers."""

from collections.abc import Mapping

from hvc_ml.features.algebra import Attribute
from hvc_ml.features.feature import Feature
from hvc_ml.features.settings import PROTECTED


def profile(attributes: Mapping[str, bool], protected_allowed: tuple[str, ...]) -> tuple[Feature, ...]:
    """One feature per attribute that may be used.

    Parameters
    ----------
    attributes
        Attribute -> whether it is a number (text otherwise).
    protected_allowed
        Protected attributes a business uses knowingly; the others are left out.
    """
    allowed = [name for name in sorted(attributes) if name not in PROTECTED or name in protected_allowed]
    return tuple(
        Feature(
            f"profile_{name}",
            Attribute(name),
            says=f"{name.replace('_', ' ')}: {{value:{'number' if attributes[name] else 'text'}}}",
            family="profile",
            unit="number" if attributes[name] else "text",
        )
        for name in allowed
    )
