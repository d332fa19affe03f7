"""Whatever bytes arrive: a table with every row accounted for, or an error that its reader can fix; never a bug."""

import contextlib
import io
import random
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvc_ml.config import load_config
from hvc_ml.errors import HvcError
from hvc_ml.progress import Stages
from hvc_ml.workflows.shop import open_shop

HEAD = b"customer,day,total,order\n"
ROWS = b"".join(b"%03d,2024-%02d-17,%d.50,%d-%d\n" % (c, m, c, c, m) for c in range(1, 20) for m in range(1, 13))
CONFIG = """
name: shop
source: {{kind: files, paths: {{orders: {name}}}}}
tables:
  orders:
    columns: {{customer_id: customer, ordered_at: day, amount: total, order_id: order}}
    max_rejected: {limit}
    duplicates: {duplicates}
resources: {{memory: 1GB, threads: 1}}
"""
PIECES = (b'"', b"'", b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"=1+1", b"NaN")
MORE = (
    b"1e999",
    b"-0",
    b"9" * 40,
    "٣".encode(),
    "😀".encode(),
    b"9999-12-31",
    b"0000-00-00",
    b"2024-02-30",
    b"\\N",
    b"",
)


def shop(folder, content, name="orders.csv", limit="1.0", duplicates="keep"):
    (folder / name).write_bytes(content)
    (folder / "hvc.yaml").write_text(CONFIG.format(name=name, limit=limit, duplicates=duplicates))
    return load_config(folder / "hvc.yaml")


def accounted(project):
    """Open a business; its rows are all accounted for, or it was refused in words."""
    with in_words(range(3, 9)), open_shop(project, Stages()) as found:
        for report in found.reports.values():
            assert report.rows == report.kept + report.rejected + report.deduplicated


@contextlib.contextmanager
def in_words(codes):
    """Let errors pass that their reader can fix: one line, one of the documented codes."""
    refused = None
    try:
        yield
    except HvcError as error:
        refused = error
    if refused is not None:
        assert refused.exit_code in codes
        assert "\n" not in str(refused)
        assert len(str(refused)) > 10


def mutated(content, rng):
    """A few accidents: bytes changed, lost, doubled, pieces put in, the end cut off."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0 if found:
                found[at % len(found)] = rng.randrange(256)
            case 1:
                found[at:at] = rng.choice(PIECES + MORE)
            case 2:
                del found[at : at + rng.randint(1, 30)]
            case 3:
                found[at:at] = found[at : at + rng.randint(1, 60)]
            case _ if rng.random() < 0.2:
                del found[at:]
            case _:
                pass
    return bytes(found)


@pytest.mark.parametrize("seed", range(60))
def test_a_text_file_with_accidents_is_accounted_for_or_refused(tmp_path, seed):
    rng = random.Random(seed)
    duplicates = rng.choice(("keep", "drop"))
    accounted(shop(tmp_path, mutated(HEAD + ROWS, rng), limit=rng.choice(("0.0", "1.0")), duplicates=duplicates))


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_thousands_of_text_files_with_accidents(tmp_path):
    for seed in range(60, 3000):
        rng = random.Random(seed)
        accounted(shop(tmp_path, mutated(HEAD + ROWS, rng), limit=rng.choice(("0.0", "1.0"))))


def parquet():
    table = pa.table(
        {
            "customer": [f"{c:03d}" for c in range(40)] * 6,
            "day": [date(2024, m, 17) for m in range(1, 7) for _ in range(40)],
            "total": [1.5 * c for c in range(240)],
            "order": [str(i) for i in range(240)],
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


@pytest.mark.parametrize("seed", range(40))
def test_a_parquet_file_with_accidents_is_accounted_for_or_refused(tmp_path, seed):
    accounted(shop(tmp_path, mutated(parquet(), random.Random(seed)), name="orders.parquet"))


@given(cells=st.lists(st.tuples(*[st.text(max_size=12)] * 4), min_size=1, max_size=12), drop=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_in_any_cell_is_accounted_for_or_refused(tmp_path, cells, drop):
    lines = [
        "customer,day,total,order",
        *(",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in row) for row in cells),
    ]
    content = "\n".join(lines).encode("utf-8", "replace") + b"\n"
    accounted(shop(tmp_path, content, duplicates="drop" if drop else "keep"))


def refused_or_read(folder, content):
    path = folder / "hvc.yaml"
    path.write_bytes(content)
    with in_words([3]):
        load_config(path)


YAML = CONFIG.format(name="orders.csv", limit="0.0", duplicates="keep").encode()
YAML_PIECES = (
    b"&a ",
    b"*a",
    b"? [a]\n",
    b"!!python/object:os.system x",
    b"{",
    b"[",
    b"}",
    b": ",
    b"- ",
    b"\t",
    b"|",
    b">",
    b"%YAML",
    b"<<: ",
    b"!!binary x",
    b"2024-01-01",
    b".inf",
    b"0x",
    b"~",
    b"'",
    b'"',
    b"\x85",
    b"\x00",
    b"{}: 1\n",
    b"---\n",
)


@pytest.mark.parametrize("seed", range(300))
def test_a_configuration_with_accidents_is_read_or_refused(tmp_path, seed):
    rng = random.Random(seed)
    found = bytearray(YAML)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(found))
        if rng.random() < 0.6:
            found[at:at] = rng.choice(YAML_PIECES)
        else:
            found[at] = rng.randrange(256)
    refused_or_read(tmp_path, bytes(found))


@pytest.mark.parametrize(
    "content",
    [
        b"? [a]\n: 1\n",
        b"? {a: 1}\n: 1\n",
        b"{}: 1\n",
        b"[" * 3000,
        b"{a: " * 2000,
        b"a: &x [*x]\n",
        b"a: !!python/name:os.system\n",
        b"a: !!timestamp x\n",
        b"a: !!int x\n",
        b"a: !!float x\n",
        b"a: !!binary x\n",
        b"a: !!set {a, b}\n",
        b"a: !!omap [a: 1]\n",
        b"a: 2024-99-99\n",
        b"a: 1:99:99\n",
        b"a: " + b"9" * 5000 + b"\n",
        b"name: " + b"1_" * 3000 + b"\n",
        b"<<: 1\n",
        b"<<: [1]\n",
        b"a: =\n",
        b"\xff\xfe",
        b"\x00",
        b"---\na: 1\n---\nb: 2\n",
        b"%TAG ! x\n---\na: 1\n",
    ],
)
def test_yaml_meant_to_break_a_reader_is_refused_in_one_line(tmp_path, content):
    refused_or_read(tmp_path, content)
