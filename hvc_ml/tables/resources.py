"""How much of the machine a run may use."""

from typing import Annotated

from pydantic import Field

from hvc_ml.settings import Settings


class Resources(Settings):
    """Limits of the engine that holds the tables.

    Examples
    --------
    >>> Resources(memory="512MB", threads=1)
    Resources(memory='512MB', threads=1)
    """

    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?([KMGT]i?B)$")] = "4GB"
    """Memory of the engine; what does not fit is spilled to disk. A number and KB, MB, GB or TB (or KiB, ...)."""
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Threads of the engine; null means every core this process may use."""
