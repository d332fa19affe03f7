"""Features: the catalog, family by family, as it is declared."""

import re
from typing import Final

from docs.handbook.markdown import code, page, plain, table
from hvc_ml.features.catalog import catalog
from hvc_ml.features.feature import FAMILIES, Feature
from hvc_ml.features.settings import FeatureSettings

HORIZON: Final = 90
FIELD: Final = re.compile(r"\{(\w+):\w+\}( \w+\|\w+)?")


def features_page() -> str:
    """One table per family."""
    features = catalog(FeatureSettings(), HORIZON, {})
    intro = (
        f"The catalog with its default windows and a horizon of {HORIZON} days. A feature whose data a business does "
        "not have is absent, not zero. Every attribute of the customers table that is not protected becomes a feature "
        "`profile_<attribute>` as well. What a reason says is filled in with the customer's own figures."
    )
    parts = [
        f"## {family}\n\n{_table([f for f in features if f.family == family])}"
        for family in FAMILIES
        if any(f.family == family for f in features)
    ]
    return page("Features", intro, *parts)


def reason(says: str) -> str:
    """The sentence with its fields as words.

    Examples
    --------
    >>> reason("no order for {value:days}; usually every {mean_gap_days:days}")
    'no order for ...; usually every (mean gap days)'
    """
    return plain(FIELD.sub(_field, says))


def _field(found: re.Match[str]) -> str:
    words = (found[2] or "").split("|")[-1]
    own = "..." if found[1] == "value" else f"({found[1].replace('_', ' ')})"
    return f"{own} {words}".rstrip()


def _table(features: list[Feature]) -> str:
    rows = [(code(f.name), f.unit, reason(f.says)) for f in features]
    return table(("feature", "unit", "as a reason"), rows)
