"""Copies of bundles: what a run that died left beside them is gone with the next, what a living one works on stays."""

import pytest

from hvc_ml.publish import publish_directory
from hvc_ml.tracking.copies import copy_of, digest_of, keep_copy, workspace


@pytest.fixture
def bundle(tmp_path):
    with publish_directory(tmp_path / "bundle", meta={}) as staging:
        (staging / "model.json").write_text("{}")
    return tmp_path / "bundle"


def test_what_a_dead_run_left_is_removed_by_the_next(tmp_path, bundle):
    copies = copy_of(tmp_path, digest_of(bundle)).parent
    for left in ("one", "two"):
        (copies / f".copy.staging-{left}" / "bundle").mkdir(parents=True)
        keep_copy(tmp_path, bundle, digest_of(bundle))  # the second time the copy is there already
        assert [p.name for p in copies.iterdir()] == [copy_of(tmp_path, digest_of(bundle)).name]


def test_what_a_living_run_works_on_stays(tmp_path, bundle):
    copies = copy_of(tmp_path, digest_of(bundle)).parent
    with workspace(copies) as place:
        keep_copy(tmp_path, bundle, digest_of(bundle))
        assert place.is_dir()
    assert not place.exists()
