"""Where runs are recorded; imports nothing heavy, so that a configuration loads at once."""

from typing import Annotated

from pydantic import Field

from hvc_ml.settings import Settings


class Tracking(Settings):
    """MLflow's place. Without a URI, an SQLite file and artifacts under ``models/`` beside the configuration.

    Examples
    --------
    >>> Tracking().uri is None
    True
    """

    uri: str | None = Field(default=None, pattern=r"^(https?|postgresql|mysql|mssql|sqlite)(\+\w+)?://.+", repr=False)
    """An MLflow server or database; may hold a secret as ``${env:NAME}``."""

    experiment: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """The experiment's name; the business's name by default."""

    artifacts: str | None = Field(default=None, repr=False)
    """Where a new experiment keeps its files: a folder (relative to the configuration) or a URI such as s3://bucket/path."""

    timeout: Annotated[int, Field(ge=1, le=600)] = 10
    """Seconds a server may take to answer."""

    retries: Annotated[int, Field(ge=0, le=10)] = 3
    """How often a server is asked again."""
