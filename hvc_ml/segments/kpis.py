"""The figures that segments are held against the company average by, and which way each is good."""

from typing import Final

from hvc_ml.segments.comparison import Kpi
from hvc_ml.segments.net_value import NET

KPIS: Final = (
    Kpi("spend_365d", "more"),
    Kpi(NET, "more"),
    Kpi("orders_365d", "more"),
    Kpi("mean_order", "more"),
    Kpi("days_since_last_order", "less"),
    Kpi("mean_gap_days", "less"),
    Kpi("days_since_first_order", "more"),
    Kpi("contract_age_days", "more"),
    Kpi("categories_lifetime", "more"),
    Kpi("discount_share", "less"),
    Kpi("refund_share", "less"),
    Kpi("visits_90d", "more"),
    Kpi("mails_90d", "more"),
    Kpi("points_earned_365d", "more"),
    Kpi("tickets_365d", "less"),
    Kpi("complaints_90d", "less"),
    Kpi("last_survey", "more"),
    Kpi("referrals_lifetime", "more"),
)
"""Declared features that say how customers do; those a business has no data for are left out."""

OUTCOMES: Final = (Kpi("churned", "less"), Kpi("future_value", "more"), Kpi("future_orders", "more"))
"""What came true after an earlier cutoff."""

UNITS: Final = {NET: "money", "churned": "share", "future_value": "money", "future_orders": "ratio"}
"""Units of figures that are no features."""
