"""A text that passes does not kill LightGBM; a text that LightGBM wrote passes."""

import json
import random
import subprocess
import sys

import lightgbm as lgb
import numpy as np
import pytest

from hvc_ml.treeshap.check import Damaged, check_model

READ = """
import json, sys
import lightgbm as lgb, numpy as np
rows = np.random.default_rng(1).normal(scale=9, size=(64, 4))
rows[::5, 0] = np.nan
raised = 0
for text in json.load(open(sys.argv[1])):
    try:
        booster = lgb.Booster(model_str=text, params={"verbose": -1})
        booster.predict(rows, num_threads=1)
    except Exception:
        raised += 1
print(raised)
"""


def model(rounds=12, **params):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 4))
    rows[::7, 0] = np.nan
    rows[:, 3] = rng.integers(0, 40, 500)
    labels = (rows[:, 1] + (rows[:, 3] % 3 == 0) > 0.3).astype(float)
    asked = {"objective": "binary", "num_leaves": 6, "min_data_per_group": 5, "num_threads": 1, "verbose": -1, **params}
    categorical = [3] if not params.get("linear_tree") else []
    return lgb.train(asked, lgb.Dataset(rows, labels, categorical_feature=categorical), rounds).model_to_string()


@pytest.fixture(scope="module")
def text():
    return model()


@pytest.mark.parametrize(
    "params",
    [
        {"objective": "binary"},
        {"objective": "regression", "num_leaves": 31},
        {"objective": "tweedie"},
        {"objective": "quantile", "alpha": 0.3},
        {"min_data_in_leaf": 400},
        {"max_cat_to_onehot": 64},
        {"use_missing": False},
        {"zero_as_missing": True},
    ],
)
def test_what_lightgbm_wrote_is_sound(params):
    check_model(model(**params))


def test_the_first_rounds_alone_are_sound():
    booster = lgb.Booster(model_str=model())
    check_model(booster.model_to_string(num_iteration=3))


def mutated(text, rng):
    """Accidents that keep the look of a model: digits, signs, lines, lengths."""
    found = text
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(found))
        match rng.randrange(6):
            case 0:
                digits = [i for i, c in enumerate(found) if c.isdigit()]
                at = rng.choice(digits)
                found = found[:at] + str(rng.randrange(10)) + found[at + 1 :]
            case 1:
                found = found[:at] + chr(rng.randrange(32, 127)) + found[at + 1 :]
            case 2:
                found = found[:at] + found[at + rng.randint(1, 40) :]
            case 3:
                found = found[:at] + found[at : at + rng.randint(1, 40)] + found[at:]
            case 4:
                lines = found.split("\n")
                i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
                lines[i], lines[j] = lines[j], lines[i]
                found = "\n".join(lines)
            case _:
                spaces = [i for i, c in enumerate(found) if c == " "]
                at = rng.choice(spaces)
                found = found[:at] + rng.choice((" -", " 9", "", "  ", " 1e400 ", " nan ")) + found[at + 1 :]
    return found


def sound(texts):
    for text in texts:
        try:
            check_model(text)
        except Damaged:
            continue
        yield text


def read_by_lightgbm(texts, folder):
    path = folder / "texts.json"
    path.write_text(json.dumps(texts))
    return subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize(("damaged", "most"), [(400, 120), pytest.param(20_000, 6_000, marks=pytest.mark.deep)])
@pytest.mark.timeout(3600)
def test_a_text_that_passes_does_not_kill_lightgbm(text, tmp_path, damaged, most):
    passed = list(sound(mutated(text, random.Random(seed)) for seed in range(damaged)))
    assert 0 < len(passed) < most  # changed digits of a value are sound; hashes find those
    result = read_by_lightgbm(passed, tmp_path)
    assert result.returncode == 0, result.stderr[-500:]


def changed(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


def line(text, key, tree=0):
    block = text.split("\nTree=")[tree + 1]
    return next(found for found in block.split("\n") if found.startswith(f"{key}="))


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("left_child", lambda v: [v[1], *v[1:]]),
        ("left_child", lambda v: [str(len(v) + 5), *v[1:]]),
        ("right_child", lambda v: v[:-1]),
        ("split_feature", lambda v: ["4", *v[1:]]),
        ("split_feature", lambda v: ["-1", *v[1:]]),
        ("decision_type", lambda v: ["12", *v[1:]]),
        ("decision_type", lambda v: ["1"] * len(v)),
        ("threshold", lambda v: ["nan", *v[1:]]),
        ("leaf_value", lambda v: [*v, "1"]),
        ("leaf_value", lambda v: ["inf", *v[1:]]),
        ("num_leaves", lambda v: ["7"]),
        ("num_leaves", lambda v: ["0"]),
        ("cat_boundaries", lambda v: ["0", *["1"] * (len(v) - 1)]),
        ("cat_threshold", lambda v: ["4294967296", *v[1:]]),
        ("is_linear", lambda v: ["1"]),
    ],
)
def test_every_kind_of_damage_is_named(text, key, change):
    tree = next(i for i, block in enumerate(text.split("\nTree=")[1:]) if "cat_boundaries" in block)
    before = line(text, key, tree)
    after = f"{key}={' '.join(change(before.partition('=')[2].split()))}"
    block = text.split("\nTree=")[tree + 1]
    damaged = text.replace(block, block.replace(before, after, 1), 1)
    sizes = line_of_sizes(damaged)
    with pytest.raises(Damaged):
        check_model(damaged.replace(line_of_sizes(text), sizes, 1))


def line_of_sizes(text):
    """The head's line of sizes as LightGBM would write it for this text."""
    body = text.split("end of trees\n")[0]
    starts = [0, *(i + 1 for i in range(len(body)) if body.startswith("\nTree=", i))][1:]
    ends = [*starts[1:], len(body)]
    return "tree_sizes=" + " ".join(str(b - a) for a, b in zip(starts, ends, strict=True))


def test_the_sizes_are_those_lightgbm_wrote(text):
    assert line_of_sizes(text) in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tree_sizes=", "tree_sizes=1 "),
        ("num_class=1", "num_class=2"),
        ("max_feature_idx=3", "max_feature_idx=9"),
        ("max_feature_idx=3", "max_feature_idx=x"),
        ("feature_names=", "names="),
        ("\nTree=1\n", "\nTree=2\n"),
        ("end of trees", "end of tree"),
        ("[boosting: gbdt]", "boosting"),
        ("num_cat=0", "num_cat=0\nnum_cat=0"),
    ],
)
def test_a_damaged_frame_is_refused(text, old, new):
    with pytest.raises(Damaged):
        check_model(changed(text, old, new))


def test_a_split_between_known_and_missing_is_sound():
    rows = np.random.default_rng(0).normal(size=(500, 1))
    rows[::2] = np.nan
    trained = lgb.train({"verbose": -1, "num_threads": 1}, lgb.Dataset(rows, np.isnan(rows[:, 0]) * 1.0), 1)
    text = trained.model_to_string()
    assert "threshold=inf" in text
    check_model(text)


def test_linear_leaves_are_not_read(tmp_path):
    with pytest.raises(Damaged):
        check_model(model(linear_tree=True, objective="regression"))
