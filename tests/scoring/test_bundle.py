"""A bundle comes back whole or is refused with words, whatever happened to its bytes."""

import hashlib
import json
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml import __version__
from hvc_ml.errors import ModelRefused, OutputError
from hvc_ml.publish import publish_directory
from hvc_ml.scoring import bundle
from hvc_ml.scoring.bundle import (
    MOST_ROWS,
    bundle_digest,
    read_bundle,
    read_self_test,
    self_test,
    selftest_rows,
    write_bundle,
)
from hvc_ml.scoring.model import CustomerModel

ROWS = pd.DataFrame({"a": [1.0, np.nan, -0.0], "t": ["x", None, "é"]})
OUT = pd.DataFrame({"p": [0.1, 1 / 3, 1e-300]})
FILES = {"recipe/trees.txt": b"tree\n" * 40, "recipe/recipe.json": b'{"format": 1}', "model.json": b"{}"}
META = {"features": ["a", "t"], "grade": "B"}


def written(folder, **more):
    write_bundle(folder, FILES, meta=META, selftest=(ROWS, OUT), **more)
    return folder


def reseal(folder, name, content):
    """Someone careful changes a file and its entry in the manifest."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "MANIFEST.json").read_bytes())
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "MANIFEST.json").write_text(text + "\n", encoding="utf-8")


def test_what_was_written_comes_back(tmp_path):
    given = {**FILES, "recipe/deep/down/mod\u00e8le.txt": b"more"}
    write_bundle(tmp_path / "b", given, meta=META, selftest=(ROWS, OUT))
    files, meta = read_bundle(tmp_path / "b")
    assert {name: files[name] for name in given} == given
    assert meta == {**META, "format": 1, "hvc_ml": __version__}


def test_the_same_model_is_the_same_bytes(tmp_path):
    first, second = written(tmp_path / "one"), tmp_path / "two"
    turned = dict(reversed(META.items()))
    write_bundle(second, dict(reversed(FILES.items())), meta=turned, selftest=(ROWS, OUT))
    assert bundle_digest(first) == bundle_digest(second)
    assert all((second / f.relative_to(first)).read_bytes() == f.read_bytes() for f in first.rglob("*") if f.is_file())


@pytest.mark.parametrize("rows", [1, MOST_ROWS])
def test_one_row_to_test_with_is_enough_and_thirty_two_are_not_too_many(tmp_path, rows):
    numbers = pd.DataFrame({"p": np.arange(float(rows))})
    write_bundle(tmp_path / "b", FILES, meta=META, selftest=(numbers, numbers))
    self_test(lambda given: given, read_bundle(tmp_path / "b")[0])


def test_files_are_private(tmp_path):
    folder = written(tmp_path / "b")
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()} == {0o600}
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_dir()} == {0o700}


def test_another_bundle_in_the_place_stands_unless_it_may_be_replaced(tmp_path):
    folder = written(tmp_path / "b")
    written(folder)
    other = {**META, "grade": "A"}
    with pytest.raises(OutputError):
        write_bundle(folder, FILES, meta=other, selftest=(ROWS, OUT))
    write_bundle(folder, FILES, meta=other, selftest=(ROWS, OUT), replace=True)
    assert read_bundle(folder)[1]["grade"] == "A"


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": {"MANIFEST.json": b""}},
        {"files": {"selftest.json": b""}},
        {"meta": {}},
        {"selftest": (ROWS, OUT.head(2))},
        {"selftest": (ROWS.head(0), OUT.head(0))},
        {"selftest": (pd.concat([ROWS] * 11), pd.concat([OUT] * 11))},
    ],
)
def test_a_bundle_that_could_not_be_read_is_not_written(tmp_path, wrong):
    given = {"files": FILES, "meta": META, "selftest": (ROWS, OUT), **wrong}
    with pytest.raises(ValueError):
        write_bundle(tmp_path / "b", given["files"], meta=given["meta"], selftest=given["selftest"])
    assert not (tmp_path / "b").exists()


def mutate(folder, rng):
    """One accident, drawn; returns what it was."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)
    file, other = rng.sample(files, 2)
    content = file.read_bytes()
    kind = rng.choice(
        ["flip", "flip", "flip", "truncate", "truncate", "swap", "remove", "add", "append", "empty", "rename", "link"]
    )
    at = rng.randrange(len(content))
    if kind == "flip":
        changed = bytearray(content)
        changed[at] ^= 1 << rng.randrange(8)
        file.write_bytes(bytes(changed))
    elif kind == "truncate":
        file.write_bytes(content[:at])
    elif kind == "swap":
        file.write_bytes(other.read_bytes())
        other.write_bytes(content)
    elif kind == "remove":
        file.unlink()
    elif kind == "add":
        (file.parent / "more.txt").write_bytes(b"more")
    elif kind == "append":
        file.write_bytes(content + rng.choice([b"\n", b" ", b"\0", b"x"]))
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "rename":
        file.rename(file.with_name("renamed"))
    else:
        file.rename(folder.parent / "moved")
        file.symlink_to(folder.parent / "moved")
    return f"{kind} {file.name} at {at}"


@pytest.mark.parametrize("accidents", [200, pytest.param(2_000, marks=pytest.mark.deep)])
def test_every_accident_to_a_real_model_is_refused_and_none_kills_the_process(tmp_path, model, sample, accidents):
    model.save(tmp_path / "good", sample)
    rng = random.Random(11)
    for number in range(accidents):
        shutil.copytree(tmp_path / "good", tmp_path / "bad")
        what = mutate(tmp_path / "bad", rng)
        with pytest.raises(ModelRefused) as refused:
            CustomerModel.load(tmp_path / "bad")
        assert (refused.value.exit_code, "\n" in str(refused.value)) == (6, False), (number, what)
        shutil.rmtree(tmp_path / "bad")


def test_every_bit_of_the_manifest_counts(tmp_path):
    folder = written(tmp_path / "b")
    content = (folder / "MANIFEST.json").read_bytes()
    for at in range(0, len(content), 7):
        for bit in range(8):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            (folder / "MANIFEST.json").write_bytes(bytes(changed))
            with pytest.raises(ModelRefused):
                read_bundle(folder)


def test_a_folder_without_a_bundle_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelRefused):
            read_bundle(place)
        with pytest.raises(ModelRefused):
            bundle_digest(place)


def test_a_bundle_of_another_format_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "FORMAT", 2)
    folder = written(tmp_path / "b")
    monkeypatch.undo()
    with pytest.raises(ModelRefused, match=r"bundle format 2 of hvc-ml .* reads format 1"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "head", [b"{}", b"[1]", b"not json", b'{"format": 1, "meta": {}}', b'{"format": 1, "meta": 3}']
)
def test_a_head_that_says_too_little_is_refused(tmp_path, head):
    folder = written(tmp_path / "b")
    reseal(folder, "bundle.json", head)
    with pytest.raises(ModelRefused):
        read_bundle(folder)


def test_a_list_is_not_a_model(tmp_path):
    with publish_directory(tmp_path / "list", meta={"model_version": "1"}) as staging:
        (staging / "retention_list.csv").write_text("rank")
    with pytest.raises(ModelRefused, match="not a model bundle"):
        read_bundle(tmp_path / "list")


def test_the_self_test_sees_one_bit(tmp_path):
    files, _ = read_bundle(written(tmp_path / "b"))
    self_test(lambda rows: OUT, files)
    off = OUT.assign(p=[0.1, np.nextafter(1 / 3, 1), 1e-300])
    for wrong in (off, OUT.rename(columns={"p": "q"}), OUT.head(2), OUT.assign(p=["a", "b", "c"])):
        with pytest.raises(ModelRefused, match="self-test"):
            self_test(lambda rows, wrong=wrong: wrong, files)


def test_the_self_test_gives_the_rows_back_bit_for_bit(tmp_path):
    files, _ = read_bundle(written(tmp_path / "b"))
    seen = []
    self_test(lambda rows: seen.append(rows) or OUT, files)
    assert np.signbit(seen[0]["a"].iloc[2])
    pd.testing.assert_frame_equal(seen[0], ROWS.astype({"t": object}).where(ROWS.notna(), None).astype({"a": float}))


def test_text_predictions_are_compared_too(tmp_path):
    words = pd.DataFrame({"tier": ["Gold", None, "Mass"]})
    write_bundle(tmp_path / "b", FILES, meta=META, selftest=(ROWS, words))
    files, _ = read_bundle(tmp_path / "b")
    self_test(lambda rows: words, files)
    with pytest.raises(ModelRefused):
        self_test(lambda rows: words.fillna("Gold"), files)


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.0, np.nan, 0.0]),
        np.array([1, 2, 3]),
        np.array([True, False, False]),
        np.array([0.1, 1 / 3, np.nan], dtype=np.float32),
    ],
    ids=lambda values: str(values.dtype),
)
def test_numbers_of_any_width_are_the_same_the_next_day_and_others_are_not(tmp_path, values):
    write_bundle(tmp_path / "b", FILES, meta=META, selftest=(ROWS, pd.DataFrame({"p": values})))
    files, _ = read_bundle(tmp_path / "b")
    self_test(lambda rows: pd.DataFrame({"p": values}), files)
    with pytest.raises(ModelRefused, match="self-test"):
        self_test(lambda rows: pd.DataFrame({"p": values[::-1]}), files)


def test_a_missing_number_is_missing_whatever_its_bits(tmp_path):
    write_bundle(tmp_path / "b", FILES, meta=META, selftest=(ROWS, pd.DataFrame({"p": [1.0, np.nan, 2.0]})))
    files, _ = read_bundle(tmp_path / "b")
    self_test(lambda rows: pd.DataFrame({"p": [1.0, np.copysign(np.nan, -1), 2.0]}), files)


@pytest.mark.parametrize(
    "test",
    [
        b"{}",
        b'{"rows": 3, "predictions": []}',
        b'{"rows": [{"name": "a"}], "predictions": []}',
        b'{"rows": [{"name": "a", "kind": "number", "values": ["x"]}], "predictions": []}',
    ],
)
def test_a_self_test_of_another_shape_is_refused(test):
    with pytest.raises(ModelRefused):
        read_self_test({"selftest.json": test})


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=40), st.integers(0, 5))
def test_numbers_of_the_self_test_are_no_customers_own(values, seed):
    frame = pd.DataFrame({"spend": values, "place": [f"p{i % 2}" for i in range(len(values))]})
    rows = selftest_rows(frame, ["spend"], seed=seed)
    assert [*rows.columns] == ["spend"]
    assert len(rows) == 32
    assert all(float(f"{v:.3g}") == v for v in rows["spend"])


def test_what_is_drawn_depends_on_the_seed_alone_and_keeps_what_is_missing_or_endless():
    frame = pd.DataFrame({"a": [*np.arange(50.0), np.nan, np.inf], "t": [*"xyz" * 17, None]})
    once, again = (selftest_rows(frame, ["a", "t"], rows=400, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    assert not once.equals(selftest_rows(frame, ["a", "t"], rows=400, seed=4))
    assert once["a"].isna().any()
    assert np.isinf(once["a"]).any()
    assert {*once["t"]} == {"x", "y", "z", None}


def test_columns_are_drawn_apart_so_that_no_row_is_a_customers():
    frame = pd.DataFrame({"a": np.arange(500.0), "b": np.arange(500.0)})
    rows = selftest_rows(frame, ["a", "b"])
    assert (rows["a"] == rows["b"]).sum() <= 2
