"""Which features a business wants."""

from typing import Final

from pydantic import Field, field_validator

from hvc_ml.features.feature import FAMILIES
from hvc_ml.settings import Days, Settings

ROLES: Final = ("visit", "mail", "service", "complaint", "earned", "redeemed", "referral", "survey")
"""What an event can mean to the catalog, whatever its kind is called in a log."""

DEFAULT_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "visit": ("visit", "login", "session", "feature_use"),
    "mail": ("email_open", "email_click"),
    "service": ("ticket", "complaint", "return", "payment_failed"),
    "complaint": ("complaint",),
    "earned": ("points_earned",),
    "redeemed": ("points_redeemed",),
    "referral": ("referral",),
    "survey": ("nps", "survey"),
}

PROTECTED: Final = frozenset(
    {
        *("age", "birth_date", "birth_year", "birthday", "citizenship", "disability", "ethnicity", "gender"),
        *("marital_status", "nationality", "orientation", "pregnancy", "race", "religion", "sex"),
        # who somebody is says nothing of what they will do, and a model keeps the values it has learned from
        *("address", "e_mail", "email", "first_name", "full_name", "iban", "last_name", "mobile", "name", "phone"),
        *("phone_number", "street", "surname", "telephone"),
    }
)
"""Attributes that are no features unless a business says that it may use them."""


class FeatureSettings(Settings):
    """Families, windows, and what the kinds of events mean."""

    families: tuple[str, ...] = FAMILIES
    """Families in use; a family without its data is absent."""
    windows: tuple[Days, ...] = (30, 90, 180, 365)
    """How far back windows look. The horizon is always one of them."""
    kinds: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(DEFAULT_KINDS))
    """Role -> kinds of events that play it; a kind may play several."""
    protected_allowed: tuple[str, ...] = ()
    """Protected attributes (such as gender or age) that may be features all the same."""

    @field_validator("families")
    @classmethod
    def _known_families(cls, families: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(families) - set(FAMILIES))
        if unknown:
            message = f"no such family: {', '.join(unknown)}; there are {', '.join(FAMILIES)}"
            raise ValueError(message)
        return families

    @field_validator("kinds")
    @classmethod
    def _known_roles(cls, kinds: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = sorted(set(kinds) - set(ROLES))
        if unknown:
            message = f"no such role: {', '.join(unknown)}; there are {', '.join(ROLES)}"
            raise ValueError(message)
        return kinds
