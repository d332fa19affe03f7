"""What a made-up club's own files show at a cutoff, by contract month: nothing of the truth, nothing of the future."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hvc_ml.tables.demo.best.log import SPAN, before, codes
from hvc_ml.tables.demo.draws import MICROSECONDS_PER_DAY, Flags, Floats, Ints, ranks
from hvc_ml.tables.demo.members import PLANS, PRICES
from hvc_ml.tables.demo.spells import month_later

_KINDS: Final = ("visit", "feature_use", "ticket", "complaint", "payment_failed", "nps", "referral")


@dataclass(frozen=True)
class SeenMonths:
    """Contract months that began before the cutoff, by member and time; the last of each member is still running.

    Fields as in ``Months``; ``seen``, ``complaints`` and ``referrals`` count what happened in the month, and ``days``
    are those of it before the cutoff.
    """

    row: Ints
    month: Ints
    begin: Ints
    end: Ints
    days: Floats
    plan: Ints
    ended: Flags
    unpaid: Flags
    seen: Ints
    complaints: Ints
    referrals: Ints


@dataclass(frozen=True)
class SeenClub:
    """What was seen before ``cutoff`` of the members whose contract runs at it (rows, by id).

    ``plan`` is the first one, ``discount`` a share of the list's price; ``tickets`` and ``extras`` are counts, and
    ``log_extra`` the sum of the logs of what extras cost. ``surveys`` are months, with ``answers`` beside them.
    """

    cutoff: int
    ids: Any
    plan: Ints
    discount: Floats
    months: SeenMonths
    tickets: Ints
    extras: Ints
    log_extra: Floats
    surveys: Ints
    answers: Floats

    def __len__(self) -> int:
        return len(self.ids)


def read_club(data: Path, cutoff: int) -> SeenClub:
    """Read ``contracts``, ``orders`` and ``events`` of a made-up club, as far as they were known at ``cutoff``.

    Parameters
    ----------
    data
        The folder ``data`` that ``write_demo`` wrote for ``kind="subscription"``.
    cutoff
        Day since 1970-01-01; members whose contract runs at it are the rows.
    """
    contracts = before(pq.read_table(data / "contracts.parquet"), "started_at", cutoff)
    running = pc.fill_null(_day(contracts["ended_at"]), cutoff).to_numpy() >= cutoff
    ids = pc.unique(contracts["customer_id"].filter(pa.array(running))).sort()
    contracts = _of(contracts, ids).sort_by([("row", "ascending"), ("day", "ascending")])
    events = _of(before(pq.read_table(data / "events.parquet"), "happened_at", cutoff), ids)
    orders = _of(before(pq.read_table(data / "orders.parquet"), "ordered_at", cutoff), ids)
    extras = orders.filter(pc.equal(orders["category"], "extra"))
    months = _months(contracts, cutoff)
    month = {kind: _month_of(months, events.filter(pc.equal(events["kind"], kind))) for kind in _KINDS}
    first = np.searchsorted(contracts["row"].to_numpy(), np.arange(len(ids)))
    plan = codes(contracts["plan"], PLANS)[first]
    return SeenClub(
        cutoff=cutoff,
        ids=ids,
        plan=plan,
        discount=np.round(1 - contracts["price"].to_numpy()[first] / PRICES[plan], 1),
        months=_with_events(months, month, cutoff),
        tickets=np.bincount(months["row"][month["ticket"]], minlength=len(ids)),
        extras=np.bincount(extras["row"].to_numpy(), minlength=len(ids)),
        log_extra=np.bincount(extras["row"].to_numpy(), np.log(extras["amount"].to_numpy()), len(ids)).astype(
            np.float64
        ),
        surveys=month["nps"],
        answers=events.filter(pc.equal(events["kind"], "nps"))["value"].to_numpy(),
    )


def _day(stamps: Any) -> Any:
    return pc.divide(stamps.cast(pa.int64()), MICROSECONDS_PER_DAY)


def _of(table: Any, ids: Any) -> Any:
    """Rows of these customers, and each one's position among them as a column ``row``."""
    row = pc.index_in(table["customer_id"], ids)
    return table.append_column("row", row.cast(pa.int64())).filter(pc.is_valid(row))


def _months(contracts: Any, cutoff: int) -> dict[str, Any]:
    """Months that began, of contracts sorted by member and start; a change of plan goes on in the same spell."""
    row, start = (contracts[name].to_numpy() for name in ("row", "day"))
    stop = pc.fill_null(_day(contracts["ended_at"]), cutoff).to_numpy()
    fresh = np.ones(len(row), dtype=bool)
    fresh[1:] = (row[1:] != row[:-1]) | (start[1:] > stop[:-1])
    anchor = start[np.maximum.accumulate(np.where(fresh, np.arange(len(row)), 0))]
    size = (np.minimum(stop, cutoff) - start) // 28 + 1  # at least as many months as there are
    of = np.repeat(np.arange(len(row)), size)
    month = (_calendar_month(start) - _calendar_month(anchor))[of] + ranks(of, len(row))
    begin = month_later(anchor[of], month)
    kept = begin < np.minimum(stop, cutoff)[of]
    of, month, begin = of[kept], month[kept], begin[kept]
    end = month_later(anchor[of], month + 1)
    over = (end == stop[of]) & (stop[of] < cutoff) & np.append(fresh[1:], True)[of]
    plan = codes(contracts["plan"], PLANS)[of]
    return {"row": row[of], "month": month, "begin": begin, "end": end, "plan": plan, "ended": over}


def _calendar_month(day: Ints) -> Ints:
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def _month_of(months: dict[str, Any], events: Any) -> Ints:
    """The contract month of each event."""
    key = months["row"] * SPAN + months["begin"]
    return np.asarray(np.searchsorted(key, events["row"].to_numpy() * SPAN + events["day"].to_numpy(), "right") - 1)


def _with_events(months: dict[str, Any], month: dict[str, Ints], cutoff: int) -> SeenMonths:
    counts = {kind: np.bincount(where, minlength=len(months["row"])) for kind, where in month.items()}
    return SeenMonths(
        **months,
        days=(np.minimum(months["end"], cutoff) - months["begin"]).astype(np.float64),
        unpaid=counts["payment_failed"] > 0,
        seen=counts["visit"] + counts["feature_use"],
        complaints=counts["complaint"],
        referrals=counts["referral"],
    )
