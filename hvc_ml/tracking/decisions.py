"""Every decision on the versions of a model, kept with the version it is about and never written over."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

What = Literal["promoted", "refused", "rolled back to"]
WHATS: Final = ("promoted", "refused", "rolled back to")
PREFIX: Final = "decision/"
"""A decision is one tag of its version; its key ends with the moment, so that no decision replaces another."""

_MOMENT: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Decision:
    """One decision on one version.

    Parameters
    ----------
    version
        The version it is about.
    what
        What became of it.
    when
        In UTC.
    reason
        Why, in words.
    left
        The version that stopped being champion by it; None where that was none.
    """

    version: int
    what: What
    when: datetime
    reason: str
    left: int | None = None

    @property
    def crowned(self) -> bool:
        """Whether the version was champion afterwards."""
        return self.what != "refused"

    def as_json(self) -> dict[str, Any]:
        """The decision as plain values."""
        return {**vars(self), "when": self.when.isoformat()}


@dataclass(frozen=True)
class Reign:
    """A time in ``[since, until)`` during which one version was champion; ``until`` is None while it lasts.

    ``since`` is None where the alias was moved by other hands than ours.
    """

    version: int
    since: datetime | None
    until: datetime | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The reign as plain values."""
        times = {name: moment and moment.isoformat() for name, moment in (("since", self.since), ("until", self.until))}
        return {**vars(self), **times}


def as_tag(decision: Decision) -> tuple[str, str]:
    """Key and value of the tag that keeps a decision with its version.

    Examples
    --------
    >>> as_tag(Decision(3, "promoted", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "better", left=1))
    ('decision/20260102T030405.000000Z', '{"what": "promoted", "reason": "better", "left": 1}')
    """
    said = {"what": decision.what, "reason": decision.reason, "left": decision.left}
    return f"{PREFIX}{decision.when.astimezone(UTC).strftime(_MOMENT)}", json.dumps(said, ensure_ascii=False)


def from_tags(version: int, tags: Mapping[str, str], created: datetime) -> tuple[Decision, ...]:
    """The decisions that a version's tags keep, oldest first.

    Parameters
    ----------
    created
        When the version was registered: the moment of a decision that was kept without one.
    """
    found = [_read(version, key, value) for key, value in sorted(tags.items()) if key.startswith(PREFIX)]
    kept = tuple(d for d in found if d is not None)
    if kept or "promoted" not in tags:
        return kept
    what: What = "promoted" if tags["promoted"] == "true" else "refused"  # as releases before this one kept the last
    return (Decision(version, what, created, tags.get("reason", "")),)


def reigns(decisions: Iterable[Decision], champion: int | None) -> list[Reign]:
    """Which version was champion from when to when and why, oldest first.

    Parameters
    ----------
    decisions
        On every version, in any order.
    champion
        The version that the alias names now.

    Examples
    --------
    >>> day = [datetime(2026, 1, d, tzinfo=UTC) for d in (1, 2)]
    >>> told = [Decision(1, "promoted", day[0], "first"), Decision(2, "promoted", day[1], "better", left=1)]
    >>> [(r.version, r.until and r.until.day) for r in reigns(told, champion=2)]
    [(1, 2), (2, None)]
    """
    found: list[Reign] = []
    for decision in _crownings(decisions):
        if found and found[-1].version == decision.version:
            continue
        if found:
            found[-1] = replace(found[-1], until=decision.when)
        found.append(Reign(decision.version, decision.when, None, decision.reason))
    if champion is not None and (not found or found[-1].version != champion):
        found.append(Reign(champion, None, None, "the alias was moved outside hvc-ml"))
    return found


def before(decisions: Iterable[Decision], champion: int | None) -> int | None:
    """The version that a rollback goes back to: champion before this one, and not rolled back itself.

    Examples
    --------
    >>> days = [datetime(2026, 1, d, tzinfo=UTC) for d in (1, 2, 3)]
    >>> told = [Decision(v, "promoted", day, "") for v, day in zip((1, 2, 3), days, strict=True)]
    >>> before(told, champion=3)
    2
    >>> before([*told, Decision(2, "rolled back to", datetime(2026, 1, 4, tzinfo=UTC), "")], champion=2)
    1
    """
    line: list[int] = []
    for decision in _crownings(decisions):
        line = _after(line, decision.version, back=decision.what == "rolled back to")
    if champion is not None:
        line = _after(line, champion, back=champion in line)
    return line[-2] if len(line) > 1 else None


def _after(line: list[int], version: int, *, back: bool) -> list[int]:
    """The line of succession after a version was crowned: shortened by a rollback, otherwise one longer."""
    if back and version in line:
        return line[: line.index(version) + 1]
    return [*(v for v in line if v != version), version]


def _crownings(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted((d for d in decisions if d.crowned), key=lambda d: (d.when, d.version))


def _read(version: int, key: str, value: str) -> Decision | None:
    """A decision from its tag; None for a tag that is not ours."""
    with suppress(ValueError, KeyError, TypeError):
        when = datetime.strptime(key.removeprefix(PREFIX), _MOMENT).replace(tzinfo=UTC)
        said = json.loads(value)
        if said["what"] in WHATS:
            left = None if said["left"] is None else int(said["left"])
            return Decision(version, said["what"], when, str(said["reason"]), left)
    return None
