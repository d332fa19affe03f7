"""What measured campaigns have taught: save rates in place of the priors, actions that are stopped, uplift."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from hvc_ml.errors import DataError
from hvc_ml.publish import write_bytes_atomic
from hvc_ml.settings import Share

Stage = Literal["prior", "posterior", "uplift"]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]

LEARNED: Final = "learned.json"
"""Name of the file within the project's folder of campaigns."""

_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class SaveRate:
    """The share of leavers that an action keeps, as its campaigns have shown.

    Parameters
    ----------
    action, tier
        Where it holds; tier None is every tier that has no rate of its own.
    alpha, beta
        Beta distribution with the posterior's mean and variance.
    low, high
        Ends of the 95 % interval of the posterior, in [0, 1].
    n_contact, n_holdout
        Customers as drawn, over all campaigns.
    campaigns
        How many campaigns it was learned from.

    Examples
    --------
    >>> SaveRate("call", "Priority", alpha=12, beta=28, low=0.17, high=0.44).mean
    0.3
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    action: str
    tier: str | None
    alpha: Positive
    beta: Positive
    low: Share
    high: Share
    n_contact: Count = 0
    n_holdout: Count = 0
    campaigns: Count = 1

    @property
    def mean(self) -> float:
        """The posterior's mean, in (0, 1)."""
        return self.alpha / (self.alpha + self.beta)


@dataclass(frozen=True)
class Stopped:
    """An action that is no longer proposed: for one tier, or (None) for all; and why, in words."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    action: str
    tier: str | None
    why: str


@dataclass(frozen=True)
class Learned:
    """What measured campaigns say about the playbook.

    Parameters
    ----------
    stage
        ``prior``: nothing is measured; ``posterior``: measured save rates replace the priors; ``uplift``: a measured
        uplift model has taken over the ranking of some actions.
    campaigns
        Campaigns measured so far.
    save_rates
        Per action and tier; where there is none, the playbook's prior stands.
    stopped
        Actions that made things worse.
    uplift
        Names of the actions that are ranked by uplift.

    Examples
    --------
    >>> learned = Learned("posterior", 2, (SaveRate("call", "Priority", 12, 28, 0.17, 0.44),))
    >>> learned.rate("call", "Priority").mean, learned.rate("call", "Gold")
    (0.3, None)
    >>> learned.says
    'Stage posterior: 2 campaigns measured; save rates of call are measured.'
    >>> Learned().says
    "Stage prior: no campaign is measured yet; save rates are the playbook's beliefs."
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    NOTHING: ClassVar["Learned"]
    """No campaign is measured: the same as ``Learned()``."""

    stage: Stage = "prior"
    campaigns: Count = 0
    save_rates: tuple[SaveRate, ...] = ()
    stopped: tuple[Stopped, ...] = ()
    uplift: tuple[str, ...] = ()

    def rate(self, action: str, tier: str) -> SaveRate | None:
        """The measured save rate of an action for a tier: its own, else that of every tier, else None."""
        found = {rate.tier: rate for rate in self.save_rates if rate.action == action}
        return found.get(tier, found.get(None))

    def stops(self, action: str, tier: str) -> bool:
        """Whether an action is no longer proposed to a tier."""
        return any(s.action == action and s.tier in {None, tier} for s in self.stopped)

    def as_json(self) -> dict[str, Any]:
        """The fields as plain values; `read_learned` reads them back."""
        found: dict[str, Any] = _READER.dump_python(self, mode="json")
        return found

    @property
    def says(self) -> str:
        """The sentence a list prints about its stage."""
        if self.stage == "prior" and not self.stopped:
            return "Stage prior: no campaign is measured yet; save rates are the playbook's beliefs."
        parts = [f"{self.campaigns:,} campaign{'s' * (self.campaigns != 1)} measured"]
        if measured := _names(rate.action for rate in self.save_rates):
            parts.append(f"save rates of {measured} are measured")
        if self.uplift:
            parts.append(f"{_names(self.uplift)} ranked by measured uplift")
        if stopped := _names(s.action if s.tier is None else f"{s.action} for {s.tier}" for s in self.stopped):
            parts.append(f"stopped: {stopped}")
        return f"Stage {self.stage}: {'; '.join(parts)}."


Learned.NOTHING = Learned()
_READER: Final = TypeAdapter(Learned)


def read_learned(path: Path) -> Learned:
    """Read what was learned so far.

    Parameters
    ----------
    path
        ``campaigns/learned.json``; where there is no such file, nothing is learned.

    Returns
    -------
    Learned

    Raises
    ------
    DataError
        If it cannot be read, or is damaged: a list without what was learned must not be made by accident.
    """
    try:
        return _READER.validate_json(path.read_bytes())
    except FileNotFoundError:
        return Learned.NOTHING
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DataError(
            f"{path}: {error.error_count()} mistakes (first: {where}: {first['msg']}). "
            "Run `hvc-ml campaign measure` to write it anew."
        ) from None


def write_learned(path: Path, learned: Learned) -> None:
    """Write what was learned; the same content gives the same bytes.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there before still stands.
    """
    write_bytes_atomic(path, (json.dumps(learned.as_json(), indent=2) + "\n").encode())


def _names(found: Any) -> str:
    """Different names, sorted, as a list in words."""
    return ", ".join(sorted(set(found)))
