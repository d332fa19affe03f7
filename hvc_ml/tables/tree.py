"""The tree of an expression: the few things a mapping may say, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from hvc_ml.errors import DataError


@dataclass(frozen=True)
class Number:
    """A number, as written."""

    value: float


@dataclass(frozen=True)
class Text:
    """A text between single or double quotes."""

    value: str


@dataclass(frozen=True)
class Name:
    """A column of the source."""

    name: str


@dataclass(frozen=True)
class Negative:
    """Minus something."""

    of: "Node"


@dataclass(frozen=True)
class Arithmetic:
    """Two numbers and one of ``+ - * /``."""

    operator: Literal["+", "-", "*", "/"]
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Comparison:
    """Two values and one of ``= != < <= > >=``."""

    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Within:
    """``of in [...]``, or not."""

    of: "Node"
    options: tuple[Number | Text, ...]
    negated: bool


@dataclass(frozen=True)
class Missing:
    """``of is null``, or not."""

    of: "Node"
    negated: bool


@dataclass(frozen=True)
class Not:
    """The contrary."""

    of: "Node"


@dataclass(frozen=True)
class Junction:
    """Several conditions under ``and`` or ``or``."""

    operator: Literal["and", "or"]
    of: tuple["Node", ...]


Node: TypeAlias = Number | Text | Name | Negative | Arithmetic | Comparison | Within | Missing | Not | Junction


def is_condition(node: Node) -> bool:
    """Whether ``node`` is true or false, rather than a value."""
    return isinstance(node, Comparison | Within | Missing | Not | Junction)


def names(node: Node) -> tuple[str, ...]:
    """Columns that ``node`` reads, each once, in the order of writing."""
    return tuple(dict.fromkeys(n.name for n in _walk(node) if isinstance(n, Name)))


def check_names(node: Node, columns: Sequence[str], where: str) -> None:
    """Refuse columns that the source does not have.

    Raises
    ------
    DataError
        Listing the columns that are there, and the nearest name.

    Examples
    --------
    >>> check_names(Name("Quantty"), ["Quantity", "Price"], "orders.amount")
    Traceback (most recent call last):
    ...
    hvc_ml.errors.DataError: orders.amount: no column 'Quantty'; did you mean 'Quantity'? There are: Quantity, Price.
    """
    for name in names(node):
        if name not in columns:
            near = get_close_matches(name.casefold(), [c.casefold() for c in columns], 1, 0.5)
            nearest = next((c for c in columns if near and c.casefold() == near[0]), None)
            hint = f"; did you mean {nearest!r}?" if nearest else "."
            raise DataError(f"{where}: no column {name!r}{hint} There are: {', '.join(columns)}.")


def _walk(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Arithmetic | Comparison):
        yield from _walk(node.left)
        yield from _walk(node.right)
    elif isinstance(node, Junction):
        for part in node.of:
            yield from _walk(part)
    elif isinstance(node, Negative | Within | Missing | Not):
        yield from _walk(node.of)
