"""Service: trouble, and what customers say of it."""

from hvc_ml.features.algebra import Is, Ratio, count, latest, mean, since_last
from hvc_ml.features.feature import Feature


def service(kinds: tuple[str, ...], complaint: tuple[str, ...], survey: tuple[str, ...]) -> tuple[Feature, ...]:
    """Tickets, complaints among them, and answers to surveys."""
    trouble, anger = Is("kind", "in", kinds), Is("kind", "in", complaint)
    answer = Is("kind", "in", survey)
    return (
        Feature(
            "tickets_30d",
            count("events", trouble, within=30),
            says="{value:count} service case|cases in the last 30 days",
            family="service",
            unit="count",
        ),
        Feature(
            "tickets_90d",
            count("events", trouble, within=90),
            says="{value:count} service case|cases in the last 90 days",
            family="service",
            unit="count",
        ),
        Feature(
            "tickets_365d",
            count("events", trouble, within=365),
            says="{value:count} service case|cases in the last year",
            family="service",
            unit="count",
        ),
        Feature(
            "days_since_last_ticket",
            since_last("events", trouble),
            says="last service case {value:days} ago",
            family="service",
            unit="days",
        ),
        Feature(
            "tickets_per_order_365d",
            Ratio(count("events", trouble, within=365), count(within=365)),
            says="{value:ratio} service cases for each order of the last year",
            family="service",
            unit="ratio",
        ),
        Feature(
            "complaints_90d",
            count("events", anger, within=90),
            says="{value:count} complaint|complaints in the last 90 days",
            family="service",
            unit="count",
        ),
        Feature(
            "days_since_last_complaint",
            since_last("events", anger),
            says="last complaint {value:days} ago",
            family="service",
            unit="days",
        ),
        Feature(
            "last_survey",
            latest("value", "events", answer),
            says="answered {value:number} in the last survey",
            family="service",
            unit="number",
        ),
        Feature(
            "mean_survey",
            mean("value", "events", answer),
            says="answered {value:number} in surveys on average",
            family="service",
            unit="number",
        ),
        Feature(
            "days_since_last_survey",
            since_last("events", answer),
            says="last survey answered {value:days} ago",
            family="service",
            unit="days",
        ),
    )
