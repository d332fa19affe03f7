"""What the team can do for a customer, what it costs, and how long the list may be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from hvc_ml.errors import UsageError
from hvc_ml.settings import Days, Money, Settings, Share

ListFormat = Literal["csv", "parquet", "xlsx"]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Action(Settings):
    """One thing the team can do for a customer.

    Examples
    --------
    >>> Action(name="call", contact_cost=8.0).save_rate
    0.3
    """

    name: Name
    """Its name in the list."""
    contact_cost: Money = 0.0
    """What one contact costs, whatever comes of it."""
    offer_cost: Money = 0.0
    """What the offer (voucher, discount) costs when it is taken up."""
    save_rate_prior: tuple[Positive, Positive] = (6.0, 14.0)
    """Beta(alpha, beta): belief about the share of leavers this action keeps, until campaigns are measured."""
    take_up: Share = 1.0
    """Share of those who would have stayed anyway that take the offer up as well."""
    capacity: Annotated[int, Field(ge=0)] | None = None
    """At most this many contacts a week (null: no limit); a list has rows for ``list.weeks`` weeks."""
    tiers: tuple[Name, ...] | None = None
    """Only for customers of these tiers (null: all)."""
    families: tuple[Name, ...] | None = None
    """Only where one of these families of reasons is among the customer's three largest (null: always)."""
    where: dict[Name, tuple[Finite | None, Finite | None]] = Field(default_factory=dict)
    """Feature -> [lowest, highest] figure, ends included, null for no end: only for customers within all of them."""
    birthday: Name | None = None
    """Attribute of customers that holds a date: only where its day and month fall into the weeks of the list."""
    lead_time: Annotated[int, Field(ge=0, le=365)] = 0
    """Days from the decision until the customer feels the action."""
    cool_down: Annotated[int, Field(ge=0, le=3660)] = 30
    """Days after this action in which the customer is left in peace."""
    channel: str = ""
    """How the customer is reached."""
    owner: str = ""
    """Who makes the contact; ``list.owner`` wins where the customer has somebody of their own."""
    says: tuple[str, ...] = ()
    """Talking points for whoever makes the contact."""

    @property
    def save_rate(self) -> float:
        """Mean of the prior: the expected share of leavers that the action keeps, in (0, 1)."""
        alpha, beta = self.save_rate_prior
        return alpha / (alpha + beta)

    @property
    def talking_points(self) -> str:
        """What it says, in one line."""
        return " ".join(self.says)

    @property
    def general(self) -> bool:
        """Whether it may be proposed to everybody: no tier, reason, figure or day is asked for."""
        return self.tiers is None and self.families is None and self.birthday is None and not self.where

    @field_validator("where")
    @classmethod
    def _bounds_are_in_order(cls, where: dict[str, tuple[float | None, float | None]]) -> dict[str, Any]:
        for feature, (low, high) in where.items():
            if low is None and high is None:
                message = f"{feature}: [null, null] bounds nothing; give a lowest or a highest figure"
                raise ValueError(message)
            if low is not None and high is not None and low > high:
                message = f"{feature}: the lowest figure {low:g} lies above the highest {high:g}"
                raise ValueError(message)
        return where


DEFAULT_ACTIONS = (
    Action(
        name="personal call",
        contact_cost=8.0,
        capacity=200,
        tiers=("Priority",),
        lead_time=3,
        channel="phone",
        says=("Thank them for the orders so far.", "Ask what has changed.", "Offer a fixed contact person."),
    ),
    Action(
        name="service recovery",
        contact_cost=3.0,
        offer_cost=15.0,
        take_up=0.5,
        families=("service",),
        lead_time=2,
        channel="phone or e-mail",
        says=("Say sorry for what went wrong, and by name.", "Say what was done about it.", "Send a voucher."),
    ),
    Action(
        name="personal e-mail",
        contact_cost=0.5,
        save_rate_prior=(2.0, 18.0),
        lead_time=1,
        channel="e-mail",
        says=("Mention what they last bought.", "Show what is new beside it."),
    ),
)


class Playbook(Settings):
    """The actions a list may propose.

    Examples
    --------
    >>> [action.name for action in Playbook().actions]
    ['personal call', 'service recovery', 'personal e-mail']
    """

    actions: Annotated[tuple[Action, ...], Field(min_length=1, max_length=20)] = DEFAULT_ACTIONS
    """In order of preference: of two actions with equal gain, the first is taken."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [action.name for action in self.actions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each action needs a name of its own; found twice: {', '.join(twice)}")
        return self

    def with_capacities(self, capacities: Mapping[str, int]) -> Self:
        """The same playbook with other capacities, by action name.

        Raises
        ------
        UsageError
            If an action is not in the playbook, or a capacity is negative.
        """
        names = [action.name for action in self.actions]
        for name, capacity in capacities.items():
            if name not in names or capacity < 0:
                raise UsageError(
                    f"--capacity {name}={capacity}: expected N of at least 0 for one of: {', '.join(names)}."
                )
        actions = (a.model_copy(update={"capacity": capacities.get(a.name, a.capacity)}) for a in self.actions)
        return self.model_copy(update={"actions": tuple(actions)})


class ListSettings(Settings):
    """How long the list may be, what is held out, and which files are written."""

    weeks: Annotated[int, Field(ge=1, le=53)] = 1
    """How many weeks the team works on it: capacities are contacts a week, and birthdays fall into these weeks."""
    top: Annotated[int, Field(ge=1)] | None = None
    """At most this many rows (null: every customer with a gain)."""
    budget: Money | None = None
    """At most this much expected spending on contacts and offers (null: no limit)."""
    holdout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1
    """Share of the list that is left alone on purpose, to measure what contacting does."""
    formats: Annotated[tuple[ListFormat, ...], Field(min_length=1)] = ("csv", "parquet", "xlsx")
    """The files to write."""
    keep_days: Days | None = None
    """Remove lists that are older (null: keep all); the newest one and those that were worked stay. Before horizon and
    ``labels.settle`` are over, ``monitor`` has not learned yet what came of a list."""
    suppress: Path | None = None
    """File of customer ids, one per line, who object: they come into no file and on no page."""
    consent: Name | None = None
    """Attribute of customers that must say yes (yes, y, true, t, 1); whoever says anything else is not contacted."""
    complaint_rest: Annotated[int, Field(ge=0, le=3660)] = 7
    """Days after a complaint (``features.kinds.complaint``) without contact."""
    owner: Name | None = None
    """Attribute of customers that names who looks after them; it wins over the action's owner."""
