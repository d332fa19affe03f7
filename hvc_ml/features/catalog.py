"""The catalog: every feature the house knows, and those a business has the data for."""

from collections.abc import Iterable
from typing import Final

from hvc_ml.features.algebra import Aggregate, Attribute, Value, aggregates
from hvc_ml.features.basket import basket
from hvc_ml.features.contract import contract
from hvc_ml.features.engagement import engagement
from hvc_ml.features.feature import FAMILIES, Feature
from hvc_ml.features.frequency import frequency
from hvc_ml.features.loyalty import loyalty
from hvc_ml.features.price import price
from hvc_ml.features.profile import profile
from hvc_ml.features.recency import recency
from hvc_ml.features.referral import referral
from hvc_ml.features.rhythm import rhythm
from hvc_ml.features.service import service
from hvc_ml.features.settings import ROLES, FeatureSettings
from hvc_ml.features.spending import spending
from hvc_ml.features.standing import STAYING, YEAR, standing
from hvc_ml.tables.frame import Frame
from hvc_ml.tables.load import Tables
from hvc_ml.tables.schema import CUSTOMER, KNOWN_DAY

NOT_ATTRIBUTES: Final = frozenset({CUSTOMER, KNOWN_DAY})
CORE: Final = frozenset(
    {
        *("days_since_first_order", "days_since_last_order", "purchase_days", "mean_gap_days"),
        *("spend_lifetime", "spend_365d", "purchase_day_spend", "mean_order", "contract_age_days", STAYING),
    }
)
DERIVED: Final = frozenset({"age", "gap"})


def catalog(settings: FeatureSettings, horizon: int, attributes: dict[str, bool]) -> tuple[Feature, ...]:
    """Every declared feature, in the families' order.

    Parameters
    ----------
    settings
        Windows, kinds of events, families.
    horizon
        Days that labels look ahead; one of the windows.
    attributes
        Attributes of customers -> whether they are numbers.

    Examples
    --------
    >>> names = [f.name for f in catalog(FeatureSettings(), 60, {"region": False})]
    >>> "spend_60d" in names, "profile_region" in names, len(names) == len(set(names))
    (True, True, True)
    """
    windows = tuple(sorted({*settings.windows, horizon, YEAR}))
    kinds = {role: settings.kinds.get(role, ()) for role in ROLES}
    everything = (
        *recency(),
        *frequency(windows),
        *spending(windows),
        *standing(horizon),
        *rhythm(),
        *basket(),
        *price(),
        *loyalty(kinds["earned"], kinds["redeemed"]),
        *engagement(windows, kinds["visit"], kinds["mail"]),
        *service(kinds["service"], kinds["complaint"], kinds["survey"]),
        *profile(attributes, settings.protected_allowed),
        *referral(kinds["referral"]),
        *contract(),
    )
    kept = (f for f in everything if f.family in settings.families or f.name in core(horizon))
    return tuple(sorted(kept, key=lambda f: FAMILIES.index(f.family)))


def core(horizon: int) -> frozenset[str]:
    """Features that are always computed: the prior, the simple rules and the tiers are made of them.

    Where their family is switched off, the models do not learn from them.
    """
    return CORE | {f"spend_{horizon}d"}


def available(tables: Tables, settings: FeatureSettings, horizon: int) -> tuple[Feature, ...]:
    """The features a business has the data for: a feature with its data absent is absent, not zero."""
    attributes = _attributes(tables)
    features = catalog(settings, horizon, attributes)
    kinds = _kinds(tables)
    return tuple(f for f in features if _has_data(f.value, tables, kinds))


def _attributes(tables: Tables) -> dict[str, bool]:
    if tables.customers is None:
        return {}
    schema = tables.customers.collect_schema()
    return {name: kind.is_numeric() for name, kind in schema.items() if name not in NOT_ATTRIBUTES}


def _kinds(tables: Tables) -> frozenset[str]:
    """Kinds of events in the log; a few words, whatever its size."""
    if tables.events is None:
        return frozenset()
    return frozenset(tables.events.select("kind").unique().collect("pyarrow")["kind"].to_list())


def _has_data(value: Value, tables: Tables, kinds: frozenset[str]) -> bool:
    if isinstance(value, Attribute):
        return True
    return all(_present(aggregate, tables, kinds) for aggregate in aggregates(value))


def _present(aggregate: Aggregate, tables: Tables, kinds: frozenset[str]) -> bool:
    frame = source(tables, aggregate.table)
    if frame is None:
        return False
    columns = {*frame.collect_schema().names(), *DERIVED}
    if not {*_columns(aggregate)} <= columns:
        return False
    asked = [test.value for test in aggregate.where if test.test == "in"]
    return all(kinds & frozenset(value) for value in asked if isinstance(value, tuple))


def _columns(aggregate: Aggregate) -> Iterable[str]:
    if aggregate.column is not None:
        yield aggregate.column
    for test in aggregate.where:
        yield test.column


def source(tables: Tables, table: str) -> Frame | None:
    """The canonical table an aggregate reads."""
    if table in {"purchases", "purchase_days"}:
        return tables.orders
    frame: Frame | None = getattr(tables, table)
    return frame
