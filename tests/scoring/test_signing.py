"""With a key, only what was written with the key is read; without one, nothing changes."""

import json

import pandas as pd
import pytest

from hvc_ml.errors import ConfigError, ModelRefused
from hvc_ml.publish import MANIFEST, publish_directory
from hvc_ml.scoring.bundle import KIND, read_bundle, write_bundle
from hvc_ml.scoring.signing import KEY, SIGNATURE

ROWS = pd.DataFrame({"spend_90d": [1.0, 2.0]})
FILES = {"trees.txt": b"tree", "weights.json": b"{}"}


def written(folder):
    write_bundle(folder, FILES, meta={"features": ["spend_90d"]}, selftest=(ROWS, ROWS))
    return folder


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv(KEY, "a key of a test, no secret")


def test_a_signed_bundle_comes_back_without_its_signature(tmp_path, key):
    files, _ = read_bundle(written(tmp_path / "bundle"))
    assert sorted(files) == ["selftest.json", *sorted(FILES)]


def test_a_bundle_without_signature_is_refused_where_a_key_is_set(tmp_path, monkeypatch):
    folder = written(tmp_path / "bundle")
    read_bundle(folder)
    monkeypatch.setenv(KEY, "a key of a test, no secret")
    with pytest.raises(ModelRefused, match="not signed"):
        read_bundle(folder)


def test_a_bundle_signed_with_another_key_is_refused(tmp_path, key, monkeypatch):
    folder = written(tmp_path / "bundle")
    monkeypatch.setenv(KEY, "another key of a test, no secret")
    with pytest.raises(ModelRefused, match="another key"):
        read_bundle(folder)


def test_who_rewrites_a_file_and_the_manifest_but_has_no_key_is_found_out(tmp_path, key):
    folder = written(tmp_path / "bundle")
    signature = (folder / SIGNATURE).read_bytes()
    forged = tmp_path / "forged"

    with publish_directory(forged, meta={"kind": KIND}) as staging:
        for name in ("trees.txt", "weights.json", "bundle.json", "selftest.json"):
            (staging / name).write_bytes(b"twig" if name == "trees.txt" else (folder / name).read_bytes())
        (staging / SIGNATURE).write_bytes(signature)
    assert MANIFEST in {p.name for p in forged.iterdir()}
    with pytest.raises(ModelRefused, match="was changed"):
        read_bundle(forged)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"signature": 3}', b'{"signature": "\xc3\xa4"}', b"{}"])
def test_a_signature_that_is_none_is_refused(tmp_path, key, content):
    folder, forged = written(tmp_path / "bundle"), tmp_path / "forged"

    with publish_directory(forged, meta={"kind": KIND}) as staging:
        for file in folder.iterdir():
            if file.name not in {MANIFEST, SIGNATURE}:
                (staging / file.name).write_bytes(file.read_bytes())
        (staging / SIGNATURE).write_bytes(content)
    with pytest.raises(ModelRefused, match="signature"):
        read_bundle(forged)


def test_a_key_of_sixteen_bytes_is_long_enough_and_a_shorter_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY, 15 * "k")
    with pytest.raises(ConfigError, match="15 bytes"):
        written(tmp_path / "bundle")
    monkeypatch.setenv(KEY, 16 * "k")
    read_bundle(written(tmp_path / "bundle"))


def test_the_signature_covers_the_release_that_wrote_it(tmp_path, key):
    folder = written(tmp_path / "bundle")
    assert json.loads((folder / SIGNATURE).read_bytes())["algorithm"] == "HMAC-SHA256"
    assert len({json.loads((written(tmp_path / n) / SIGNATURE).read_bytes())["signature"] for n in "ab"}) == 1
