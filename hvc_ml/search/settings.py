"""What a user may say about the search over settings; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated

from pydantic import Field

from hvc_ml.settings import Settings


class SearchSettings(Settings):
    """Whether other settings of the models are tried, and for how long. By default none are.

    Examples
    --------
    >>> SearchSettings().trials
    0
    >>> SearchSettings(trials=20, minutes=5).cutoffs
    3
    """

    trials: Annotated[int, Field(ge=0, le=1_000)] = 0
    """How many settings are tried, the configured ones first; 0 searches nothing."""

    minutes: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = None
    """No trial begins after so many minutes; null lets all run. (Only with a limit does the result depend on the
    machine: the trials themselves are the same in any case.)"""

    cutoffs: Annotated[int, Field(ge=2, le=24)] = 3
    """The most validation cutoffs: the newest ones whose labels were known before the first test cutoff."""
