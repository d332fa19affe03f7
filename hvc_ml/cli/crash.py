"""What is written of a bug: where it happened and of what kind, and of its message only what can name nobody."""

import re
import traceback

_QUOTED = re.compile(r"""(['"`]).*?\1""", re.DOTALL)
_PLAIN = re.compile(r"[(\[]*[a-z_]+[.,:;)\]]*")


def report_of(error: BaseException) -> str:
    """The traceback of a bug and of what led to it, the first cause first; lines of code, and no value.

    Examples
    --------
    >>> try:
    ...     {}["C0001234"]
    ... except KeyError as error:
    ...     print(report_of(error).splitlines()[-1])
    KeyError: 'A9999999'
    """
    return "\nThat led to:\n\n".join(map(_told, reversed(_chain(error))))


def shaped(message: str) -> str:
    """A message in which only plain words are left: of whatever else may be a value, digits become 9, letters a or A.

    Examples
    --------
    >>> shaped("cannot read 'ann' (ann@example.org) of C0001234: no such row")
    "cannot read 'aaa' (aaa@aaaaaaa.aaa) of A9999999: no such row"
    """
    words = re.split(r"(\s+)", _QUOTED.sub(lambda found: _shape(found[0]), message))
    return "".join(word if word.isspace() or _PLAIN.fullmatch(word) else _shape(word) for word in words)


def _shape(text: str) -> str:
    return "".join("9" if c.isnumeric() else ("A" if c.isupper() else "a") if c.isalpha() else c for c in text)


def _chain(error: BaseException) -> list[BaseException]:
    """The error, then what it came from, as far back as it is told."""
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return found


def _told(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"Traceback (most recent call last):\n{frames}{type(error).__qualname__}: {shaped(str(error))}\n"
