"""The laws of loading: rows are accounted for, and the file format does not matter."""

import contextlib
import datetime as dt
import gzip
import math
import zoneinfo
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvc_ml.errors import DataError, NotEnoughData
from hvc_ml.tables.schema import TICKS
from hvc_ml.tables.sources import Source
from made.logs import EPOCH, PLAIN, as_parquet, written

customers = st.sampled_from(["ann", "bob", "", " ", "007", "7"])


dates = st.sampled_from(
    [
        "2024-01-01",
        "2024-01-02 10:00",
        "2024-02-30",
        "",
        "03/04/2024",
        "9999-12-31",
        "2024-01-03T23:00:00Z",
        "2030-01-01",
    ]
)


amounts = st.sampled_from(["1", "2.50", "-1", "abc", "", "nan", "1e300", "0"])


log = st.lists(st.tuples(customers, dates, amounts), min_size=1, max_size=25)


def expected(rows, mapping):
    """A slow reference: the reason of each row, one after the other."""
    reasons = []
    for customer, date, amount in rows:
        number = None if amount in {"", "abc"} else float(amount)
        if mapping["filter"] and not (number is not None and not math.isnan(number) and number >= 0):
            reasons.append("filtered")
        elif not customer.strip():
            reasons.append("anonymous" if mapping["drop_anonymous"] else "no_customer")
        elif date in {"2024-02-30", "", "03/04/2024", "9999-12-31", "2030-01-01"}:
            reasons.append(
                {
                    "": "no_time",
                    "03/04/2024": "ambiguous_time",
                    "9999-12-31": "sentinel_time",
                    "2030-01-01": "future",
                }.get(date, "bad_time")
            )
        elif number is None or math.isnan(number) or number >= 2**53 / TICKS:
            reasons.append({"": "no_amount", "abc": "bad_amount", "nan": "not_finite"}.get(amount, "overflow"))
        elif number < 0 and mapping["refunds"] == "drop":
            reasons.append("refund")
        else:
            reasons.append("kept")
    return reasons


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    log,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["net", "separate", "drop"]),
    st.sampled_from(["keep", "drop"]),
    st.sampled_from(["csv", "parquet"]),
)
def test_every_row_is_kept_rejected_or_deduplicated(
    loaded, tmp_path_factory, rows, filtered, anonymous, refunds, duplicates, kind
):
    folder = tmp_path_factory.mktemp("law")
    names = ("customer", "date", "amount")
    if kind == "csv":
        lines = "".join(",".join(written(v) if v else "" for v in row) + "\n" for row in rows)
        (folder / "o.csv").write_text(",".join(names) + "\n" + lines)
    else:
        as_parquet(folder / "o.parquet", {n: [r[i] for r in rows] for i, n in enumerate(names)})
    mapping = {"columns": PLAIN, "filter": "amount >= 0" if filtered else None, "drop_anonymous": anonymous, "refunds": refunds,
               "duplicates": duplicates, "max_rejected": 1.0}  # fmt: skip
    reasons = expected(rows, mapping)
    kept = [r for r, reason in zip(rows, reasons, strict=True) if reason == "kept"]
    taken = set(kept) if duplicates == "drop" else kept
    source = Source(paths={"orders": f"o.{kind}"})
    refused = NotEnoughData if not kept else DataError if "ambiguous_time" in reasons else None
    if "ambiguous_time" in reasons:
        refused = DataError
    with (
        pytest.raises(refused) if refused else contextlib.nullcontext(),
        loaded(folder, source, now=dt.date(2024, 6, 1), orders=mapping) as found,
    ):
        report = found.reports["orders"]
        assert report.reasons == {k: v for k, v in Counter(reasons).items() if k != "kept"}
        assert (report.rows, report.kept, report.deduplicated) == (len(rows), len(taken), len(kept) - len(taken))
        assert sum(r["lines"] for r in found.rows()) == len(taken)
        signs = [float(a) if refunds == "net" else max(float(a), 0) for _, _, a in taken]
        assert sum(r["amount"] for r in found.rows()) == round(sum(signs) * TICKS)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6).filter(lambda t: t.strip()),
                  st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)),
                  st.integers(-10**9, 10**9).map(lambda i: i / 100)),
        min_size=1, max_size=12,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_row_order_file_splits_and_formats_do_not_matter(loaded, tmp_path_factory, rows, random):
    folder = tmp_path_factory.mktemp("law")

    def write(name, some):
        lines = "".join(f"{written(c)},{t.isoformat(sep=' ')},{a!r}\n" for c, t, a in some)
        (folder / name).write_bytes(f"customer,date,amount\n{lines}".encode())

    write("whole.csv", rows)
    shuffled = random.sample(rows, len(rows))
    cut = random.randint(0, len(rows))
    parts = [p for p in (shuffled[:cut], shuffled[cut:]) if p]
    for i, part in enumerate(parts):
        write(f"part{i}.csv", part)
    with gzip.open(folder / "whole.csv.gz", "wb") as stream:
        stream.write((folder / "whole.csv").read_bytes())
    as_parquet(
        folder / "o.parquet",
        {"customer": [r[0] for r in rows], "date": [r[1] for r in rows], "amount": [r[2] for r in rows]},
    )
    split = [f"part{i}.csv" for i in range(len(parts))]
    if len(parts) == 2 and (folder / split[0]).read_bytes() == (folder / split[1]).read_bytes():
        return  # equal halves are one file, by design
    prints = set()
    for paths in ("whole.csv", split, "whole.csv.gz", "o.parquet"):
        columns = {**PLAIN, "product_id": "customer"}
        with loaded(folder, Source(paths={"orders": paths}), orders={"columns": columns}) as found:
            assert found.reports["orders"].kept == len(rows)
            prints.add((found.fingerprint(), found.fingerprint("items"), found.tables.first_day, found.tables.end_day))
    assert len(prints) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.datetimes(dt.datetime(1980, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_local_days_are_those_of_pythons_zoneinfo(loaded, tmp_path_factory, moment, zone):
    folder = tmp_path_factory.mktemp("law")
    (folder / "o.csv").write_text(f"customer,date,amount\nx,{moment.isoformat()},1\n")
    with loaded(folder, Source(paths={"orders": "o.csv"}), timezone=zone, orders={"columns": PLAIN}) as found:
        assert found.rows()[0]["day"] == (moment.astimezone(zoneinfo.ZoneInfo(zone)).date() - EPOCH).days
