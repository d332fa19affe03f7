"""What measuring found: per campaign, per action, and over all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_ml.campaigns.groups import Group
from hvc_ml.campaigns.measure import Effect, effect
from hvc_ml.campaigns.outcomes import CONTACT
from hvc_ml.campaigns.ratio import RatioCheck
from hvc_ml.campaigns.save_rates import Posterior
from hvc_ml.campaigns.stopping import Look
from hvc_ml.explanation.formatting import money
from hvc_ml.planning.learned import Learned


@dataclass(frozen=True)
class Effects:
    """What contact did, per customer drawn for it: to the share who stay, to money, and to money after costs."""

    stay: Effect | None
    money: Effect | None
    profit: Effect | None

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Effects":
        """Measure them on rows of `hvc_ml.campaigns.outcomes`, with ``list``."""
        drawn, lists, said = rows["group"] == CONTACT, rows["list"], rows[["churn_risk", "forecast"]]
        return cls(
            effect(rows["stayed"], drawn, said[["churn_risk"]], lists),
            effect(rows["future_value"], drawn, said, lists),
            effect(rows["net"], drawn, said, lists),
        )

    def as_json(self) -> dict[str, Any]:
        """Each effect, or null where a group is too small."""
        return {name: None if e is None else e.as_json() for name, e in vars(self).items()}


@dataclass(frozen=True)
class MeasuredCampaign:
    """One campaign."""

    name: str
    cutoff: str
    n_contact: int
    n_holdout: int
    reached: int
    contaminated: int
    ratio: RatioCheck | None
    effects: Effects
    groups: tuple[Group, ...]

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values; without a holdout there is no ratio, and no effect."""
        ratio = None if self.ratio is None else {**vars(self.ratio), "passed": self.ratio.passed}
        return {
            "list": self.name,
            **{n: getattr(self, n) for n in ("cutoff", "n_contact", "n_holdout", "reached", "contaminated")},
            "sample_ratio": ratio,
            **self.effects.as_json(),
            "groups": [group.as_json() for group in self.groups],
        }


@dataclass(frozen=True)
class MeasuredAction:
    """One action, over all its campaigns."""

    name: str
    campaigns: int
    prior: float | None
    effects: Effects
    rates: tuple[Posterior, ...]
    looks: tuple[Look, ...]
    stopped: str | None

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return {
            "action": self.name,
            "campaigns": self.campaigns,
            "prior_save_rate": self.prior,
            **self.effects.as_json(),
            "save_rates": [_rounded(vars(rate)) for rate in self.rates],
            "looks": [_rounded(vars(look)) for look in self.looks],
            "stopped": self.stopped,
        }


@dataclass(frozen=True)
class MeasureResult:
    """Everything that campaigns have shown so far.

    Parameters
    ----------
    campaigns
        The oldest first.
    pooled
        Over the campaigns whose groups are as they were drawn.
    actions
        By name.
    groups
        The four groups, over all campaigns.
    learned
        What the next list believes.
    others
        Worked lists that are not measured: name -> why.
    uplift
        What is known of each action's effect on single customers, in plain values.
    currency
        Of all money.
    path
        The folder of ``learned.json`` and ``measured.json``.
    """

    campaigns: tuple[MeasuredCampaign, ...]
    pooled: Effects
    actions: tuple[MeasuredAction, ...]
    groups: tuple[Group, ...]
    learned: Learned
    others: dict[str, str]
    currency: str
    path: Path
    uplift: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values, without a clock: the same data give the same text."""
        return {
            "campaigns": [c.as_json() for c in self.campaigns],
            "pooled": self.pooled.as_json(),
            "actions": [a.as_json() for a in self.actions],
            "groups": [group.as_json() for group in self.groups],
            "stage": self.learned.stage,
            "says": self.learned.says,
            "stopped": [vars(s) for s in self.learned.stopped],
            "uplift": list(self.uplift),
            "not_measured": self.others,
            "currency": self.currency,
        }

    def money(self, amount: float) -> str:
        """An amount in the currency of the orders."""
        return money(amount, self.currency)

    def share(self, found: Effect | None) -> str:
        """An effect on the share who stay, in points, with its interval."""
        if found is None:
            return "too few"
        return f"{100 * found.estimate:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"

    def total(self, found: Effect | None) -> str:
        """An effect on money, of everyone drawn for contact together, with its interval."""
        if found is None:
            return "too few"
        low, mid, high = (self.money(x * found.n_contact) for x in (found.low, found.estimate, found.high))
        return f"{mid} ({low} to {high})"


def names(rows: Sequence[pd.DataFrame]) -> list[str]:
    """Actions that were drawn for, sorted."""
    return sorted({str(action) for frame in rows for action in frame["action"].unique()})


def _rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in found.items()}
