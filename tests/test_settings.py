import pytest

from hvc_ml.errors import ConfigError
from hvc_ml.settings import MAX_YAML_BYTES, read_yaml


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: &x [1]\nb: *x\n", "aliases"),
        (b"a: 1\na: 2\n", "stands twice"),
        (b"- 1\n", "expected sections"),
        (b"a: [1\n", "not YAML"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: !!python/object/apply:os.system ['true']\n", "not YAML"),
        (b"x" * (MAX_YAML_BYTES + 1), "at most"),
        (b"", "expected sections"),
    ],
)
def test_yaml_that_is_not_plain_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "hvc.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        read_yaml(path)


def test_a_missing_file_says_how_to_write_one(tmp_path):
    with pytest.raises(ConfigError, match="hvc-ml init"):
        read_yaml(tmp_path / "nothing.yaml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
