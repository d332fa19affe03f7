"""What a user may say about the models; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated, Literal

from pydantic import Field

from hvc_ml.settings import Settings

Member = Literal["prior", "hurdle", "tweedie", "trees", "rule"]


class ModelSettings(Settings):
    """How the models are fitted. The defaults were chosen on three real logs.

    Examples
    --------
    >>> ModelSettings().coverage
    0.8
    >>> ModelSettings(rounds=50).rounds
    50
    """

    prior: Literal["bg_nbd"] = "bg_nbd"
    """The buy-till-you-die model that boosting starts from (businesses with contracts use survival by contract age)."""

    members: tuple[Member, ...] = ("prior", "hurdle", "tweedie", "trees", "rule")
    """What risk and value are blended from: the prior; trees on top of it, of value if kept (``hurdle``) and of all
    future value (``tweedie``); ``trees`` without it; and past spend alone (``rule``). Their weights are learned."""

    monotone: bool = False
    """Whether trees may only move where the direction is beyond doubt (a longer silence never lowers the risk, more
    spend never lowers value). It costs a little accuracy and buys reasons that never surprise."""

    rounds: Annotated[int, Field(ge=1, le=10_000)] = 400
    """The most rounds of boosting; early stopping on the calibrate cutoff usually takes far fewer."""

    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    """How much of each tree is kept."""

    leaves: Annotated[int, Field(ge=2, le=1024)] = 15
    """The most leaves of one tree."""

    feature_fraction: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    """The share of columns that each tree chooses from, drawn anew: trees that see fewer differ more."""

    min_child_samples: Annotated[int, Field(ge=1)] | None = None
    """The fewest rows in a leaf; null lets it grow with the data (1 % of the rows, at most 200)."""

    l2: Annotated[float, Field(ge=0.0)] = 5.0
    """Penalty on the leaves' values: pulls small data towards the prior."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    """The seed of everything that draws."""

    coverage: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.8
    """The share of customers whose future value should lie within its interval."""

    winsor: Annotated[float, Field(gt=0.5, le=1.0)] = 0.995
    """The quantile at which the training target of value is capped (it is evaluated uncapped)."""

    min_rows: Annotated[int, Field(ge=1)] = 200
    """With fewer rows to fit, the prior stands alone."""

    min_each: Annotated[int, Field(ge=1)] = 30
    """With fewer churned or fewer kept customers among the rows, the prior stands alone."""

    sample_customers: Annotated[int, Field(ge=100)] | Literal["all"] = 100_000
    """The most customers the models learn from, chosen by a hash of the id (all are tested and scored). More take time
    and memory in proportion and bring little: of a million customers, 200,000 gave .0003 of AUC over 100,000."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """Threads for boosting; null uses all. The results do not depend on it."""
