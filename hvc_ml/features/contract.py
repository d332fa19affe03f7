"""Contract: how long it runs, what it costs, and what came before."""

from hvc_ml.features.algebra import Is, count, latest, mean, since_first, since_last
from hvc_ml.features.feature import Feature

_ENDED = Is("end_day", "known")


def contract() -> tuple[Feature, ...]:
    """Contracts as they were known at the cutoff: an end that lies ahead is unknown."""
    return (
        Feature(
            "contract_age_days",
            since_last("contracts"),
            says="the contract has run for {value:days}",
            family="contract",
            unit="days",
        ),
        Feature(
            "days_since_first_contract",
            since_first("contracts"),
            says="first contract {value:days} ago",
            family="contract",
            unit="days",
        ),
        Feature(
            "contracts_started",
            count("contracts"),
            says="{value:count} contract|contracts so far",
            family="contract",
            unit="count",
        ),
        Feature(
            "contracts_ended",
            count("contracts", _ENDED),
            says="{value:count} contract|contracts ended before",
            family="contract",
            unit="count",
        ),
        Feature(
            "contract_price",
            latest("price", "contracts"),
            says="pays {value:money} under the contract",
            family="contract",
            unit="money",
        ),
        Feature(
            "mean_contract_price",
            mean("price", "contracts"),
            says="paid {value:money} under contracts on average",
            family="contract",
            unit="money",
        ),
    )
