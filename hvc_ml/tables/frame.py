"""The type of a lazy frame, whatever engine holds it."""

from typing import Any, TypeAlias

import narwhals as nw

Frame: TypeAlias = nw.LazyFrame[Any]
