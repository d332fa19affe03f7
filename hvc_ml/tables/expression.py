"""The small language of a mapping: plain arithmetic for values, comparisons for filters.

A text is parsed to a tree of the few classes below and the tree is compiled to quoted SQL; nothing the user wrote
reaches the engine as it stands. Names are looked up among the source's columns before anything runs.

::

    value:  Quantity * UnitPrice            `unit price` * (1 - discount / 100)
    filter: UnitPrice >= 0 and StockCode not in ['POST', 'M'] and CustomerID is not null
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hvc_ml.errors import ConfigError
from hvc_ml.tables.tree import (
    Arithmetic,
    Comparison,
    Junction,
    Missing,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Text,
    Within,
    is_condition,
)

MAX_LENGTH = 2_000
MAX_DEPTH = 50


def parse(text: str, columns: Sequence[str] = ()) -> Node:
    """Parse a mapping's value or filter.

    Parameters
    ----------
    text
        At most 2,000 characters. A text that is exactly one of ``columns`` is that column, whatever it contains.
    columns
        Names of the source's columns, for that rule only; see `tree.check_names`.

    Raises
    ------
    ConfigError
        Naming the position of the first character that does not fit.

    Examples
    --------
    >>> parse("Quantity * -2")
    Arithmetic(operator='*', left=Name(name='Quantity'), right=Negative(of=Number(value=2.0)))
    >>> parse("net-amount", ["net-amount"])
    Name(name='net-amount')
    >>> parse("status in ['paid'] and `order total` > 0")  # doctest: +ELLIPSIS
    Junction(operator='and', of=(Within(of=Name(name='status'), ...
    """
    if text in columns:
        return Name(text)
    if len(text) > MAX_LENGTH:
        raise ConfigError(f"an expression of {len(text):,} characters; at most {MAX_LENGTH:,} are read")
    return _Parser(text).whole()


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<quoted>`(?:[^`]|``)+`)
    | (?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<sign>==|!=|<>|<=|>=|[-+*/()\[\],<>=])
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Literal["=", "!=", "<", "<=", ">", ">="]] = {
    "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip
_WORDS = {"and", "or", "not", "in", "is", "null"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Recursive descent, loosest binding first: or, and, not, comparison, sum, product, sign, atom."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._any_of()
        if (token := self._peek()).kind != "end":
            raise self._unexpected(token)
        return node

    def _any_of(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConfigError(f"an expression nested deeper than {MAX_DEPTH} levels")
        parts = [self._all_of()]
        while self._take("or"):
            parts.append(self._all_of())
        self._depth -= 1
        return self._junction("or", parts)

    def _all_of(self) -> Node:
        parts = [self._negation()]
        while self._take("and"):
            parts.append(self._negation())
        return self._junction("and", parts)

    def _junction(self, operator: Literal["and", "or"], parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Junction(operator, tuple(self._condition(p) for p in parts))

    def _negation(self) -> Node:
        negated = False
        found = False
        while self._take("not"):
            negated, found = not negated, True
        node = self._comparison()
        if found:
            node = self._condition(node)
        return Not(node) if negated else node

    def _comparison(self) -> Node:
        left = self._sum()
        token = self._peek()
        if token.kind == "sign" and token.text in _COMPARISONS:
            self._next += 1
            return Comparison(_COMPARISONS[token.text], self._value(left), self._value(self._sum()))
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            return Missing(self._value(left), negated)
        negated = self._take("not")
        if self._take("in"):
            return Within(self._value(left), self._options(), negated)
        if negated:
            raise self._unexpected(self._peek())
        return left

    def _options(self) -> tuple[Number | Text, ...]:
        closing = "]" if self._take("[") else ")"
        if closing == ")":
            self._expect("(")
        options = [self._option()]
        while self._take(","):
            options.append(self._option())
        self._expect(closing)
        return tuple(options)

    def _option(self) -> Number | Text:
        token = self._peek()
        node = self._signed()
        if isinstance(node, Negative) and isinstance(node.of, Number):
            return Number(-node.of.value)
        if isinstance(node, Number | Text):
            return node
        raise self._unexpected(token)

    def _sum(self) -> Node:
        node = self._product()
        while (token := self._peek()).text in {"+", "-"} and token.kind == "sign":
            self._next += 1
            node = Arithmetic("+" if token.text == "+" else "-", self._number(node), self._number(self._product()))
        return node

    def _product(self) -> Node:
        node = self._signed()
        while (token := self._peek()).text in {"*", "/"} and token.kind == "sign":
            self._next += 1
            node = Arithmetic("*" if token.text == "*" else "/", self._number(node), self._number(self._signed()))
        return node

    def _signed(self) -> Node:
        negative = False
        while (token := self._peek()).text in {"+", "-"} and token.kind == "sign":
            self._next += 1
            negative ^= token.text == "-"
        node = self._atom()
        return Negative(self._number(node)) if negative else node

    def _atom(self) -> Node:
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "text":
            quote = token.text[0]
            return Text(token.text[1:-1].replace(quote * 2, quote))
        if token.kind == "quoted":
            return Name(token.text[1:-1].replace("``", "`"))
        if token.kind == "word" and token.text.lower() not in _WORDS:
            return Name(token.text)
        if token.text == "(":
            node = self._any_of()
            self._expect(")")
            return node
        raise self._unexpected(token)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token.kind in {"word", "sign"} and token.text.lower() == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(self._peek(), f"; expected {text!r}")

    def _number(self, node: Node) -> Node:
        if isinstance(node, Text) or is_condition(node):
            raise ConfigError(f"{self._text!r}: only numbers and columns can be added, multiplied or negated")
        return node

    def _value(self, node: Node) -> Node:
        if is_condition(node):
            raise ConfigError(f"{self._text!r}: a condition cannot be compared; join conditions by `and` and `or`")
        return node

    def _condition(self, node: Node) -> Node:
        if not is_condition(node):
            raise ConfigError(f"{self._text!r}: `and`, `or` and `not` join conditions such as `amount > 0`, not values")
        return node

    def _unexpected(self, token: _Token, expected: str = "") -> ConfigError:
        found = "the end" if token.kind == "end" else repr(token.text)
        return ConfigError(f"{self._text!r}: unexpected {found} at character {token.at + 1}{expected}")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            raise ConfigError(f"{text!r}: unexpected {text[at]!r} at character {at + 1}")
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        position = match.end()
    yield _Token("end", "", len(text))
