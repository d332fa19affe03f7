"""What a profile leaves when it is asked to: tables as CSV, charts as SVG, and the whole result as JSON."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hvc_ml.errors import OutputError
from hvc_ml.publish import MANIFEST, publish_directory
from hvc_ml.report.profile_charts import contrast_chart, migration_chart, returns_chart, standalone_svg, whale_chart
from hvc_ml.report.sanitise import safe_frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hvc_ml.workflows.profile import ProfileResult

KIND: Final = "profile"


def write_profile(result: "ProfileResult", to: Path, meta: Mapping[str, Any]) -> None:
    """Write a profile, whole or not at all.

    Parameters
    ----------
    to
        A folder that is not there, is empty, or holds an earlier profile, which is replaced.
    meta
        What the manifest says beside the hashes.

    Raises
    ------
    OutputError
        If the folder holds anything else, or cannot be written.
    """
    target = to.resolve()
    refuse_others(target)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()  # a rename needs the place free
    about = {**meta, "kind": KIND, "cutoff": result.cutoff.isoformat()}
    with publish_directory(target, meta=about, replace=True) as staging:
        for name, table in tables(result):
            safe_frame(table).to_csv(staging / f"{name}.csv", index=False, lineterminator="\n")
        for name, figure in _charts(result):
            (staging / f"{name}.svg").write_text(standalone_svg(figure), encoding="utf-8")
        kept = {k: v for k, v in result.as_json().items() if k not in {"seconds", "written"}}  # the same each time
        text = json.dumps(kept, indent=2, ensure_ascii=False, allow_nan=False)
        (staging / "profile.json").write_text(text + "\n", encoding="utf-8")


def tables(result: "ProfileResult") -> Iterator[tuple[str, pd.DataFrame]]:
    """Every table of a profile that has rows, by the name of its file."""
    spans = [{"span": name, **figures} for name, figures in result.concentration.spans.items()]
    steps = [{"order": name, **_flat(journey)} for name, journey in result.journeys.items()]
    yield "groups", result.groups
    yield "value", result.value
    yield "concentration", pd.DataFrame(spans)
    yield "whale_curve", result.concentration.whale
    yield "kpis", result.kpis
    yield "contrast", result.differences
    yield "journeys", pd.DataFrame(steps)
    yield "win_back", result.win_back
    if len(result.advocates):
        yield "advocates", result.advocates
    if result.moves is not None:
        yield "migration", result.moves.matrix
        yield "paths", pd.concat([w.assign(kind=kind) for kind, w in result.moves.ways.items()], ignore_index=True)


def plain(value: Any) -> Any:
    """JSON values: tables as lists of rows, dates as text, unknown figures as null.

    Examples
    --------
    >>> plain(pd.DataFrame({"place": [Path("lists")], "gain": [float("nan")], "n": [3]}))
    [{'place': 'lists', 'gain': None, 'n': 3}]
    """
    match value.item() if isinstance(value, np.generic) else value:
        case pd.DataFrame() as table:
            return [plain(row) for row in table.to_dict("records")]
        case Mapping() as fields:
            return {str(name): plain(v) for name, v in fields.items()}
        case list() | tuple() as rows:
            return [plain(v) for v in rows]
        case float() as number:
            return number if np.isfinite(number) else None
        case None | bool() | int() as whole:
            return whole
        case other:
            return str(other)


def _flat(journey: Any) -> dict[str, Any]:
    """A journey as one row."""
    quartiles = {f"days_to_{q}": days for q, days in zip((25, 50, 75), journey.quartiles, strict=True)}
    within = {f"within_{days}d": share for days, share in journey.within.items()}
    return {"customers": journey.customers, "came": journey.came, **quartiles, **within}


def _charts(result: "ProfileResult") -> "Iterator[tuple[str, Figure]]":
    eighty = {name: figures["share_for_80"] for name, figures in result.concentration.spans.items()}
    yield "whale_curve", whale_chart(result.concentration.whale, eighty)
    yield "contrast", contrast_chart(result.differences)
    yield "returns", returns_chart({name: journey.curve for name, journey in result.journeys.items()})
    if result.moves is not None:
        first, last = result.moves.cutoffs[0], result.moves.cutoffs[-1]
        yield "migration", migration_chart(result.moves.counts(), first.isoformat(), last.isoformat())


def refuse_others(target: Path, kind: str = KIND) -> None:
    """Raise `OutputError` where anything but an earlier record of this kind would be replaced."""
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{target}: is no folder. Name another one: --to.")
    found = sorted(p.name for p in target.iterdir())
    if found and not _is_record(target, kind):
        raise OutputError(f"{target}: holds {len(found)} other files or folders, which stay. Name a new folder: --to.")


def _is_record(target: Path, kind: str) -> bool:
    try:
        return bool(json.loads((target / MANIFEST).read_bytes())["meta"]["kind"] == kind)
    except (OSError, ValueError, KeyError, TypeError):
        return False
