"""Two small trees made by hand; whatever is changed about them is found, and what may change is let pass."""

import lightgbm as lgb
import numpy as np
import pytest

from hvc_ml.treeshap.check import Damaged, check_model

TREE = {
    "num_leaves": "4",
    "num_cat": "2",
    "split_feature": "0 1 1",
    "split_gain": "3 2 1",
    "threshold": "0.5 0 1",
    "decision_type": "2 1 9",
    "left_child": "1 -1 -3",
    "right_child": "2 -2 -4",
    "leaf_value": "-0.5 1 2e-05 0",
    "leaf_weight": "1 1 1 1",
    "leaf_count": "9 9 9 9",
    "internal_value": "0 0 0",
    "internal_weight": "4 2 2",
    "internal_count": "36 18 18",
    "cat_boundaries": "0 1 2",
    "cat_threshold": "6 5",
    "is_linear": "0",
    "shrinkage": "1",
}
LEAF = {
    name: {"num_leaves": "1", "num_cat": "0", "leaf_value": "0.5", "is_linear": "0", "shrinkage": "1"}.get(name, "")
    for name in TREE
    if not name.startswith("cat_")
}
HEAD = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "max_feature_idx": "1",
    "objective": "regression",
    "feature_names": "spend region",
    "feature_infos": "[0:1] 0:1:2",
}
TAIL = "\nfeature_importances:\nregion=2\nspend=1\n"


def lines(entries):
    return "".join(f"{name}={value}\n" for name, value in entries)


def written(*trees, head=HEAD, tail=TAIL, end="end of trees\n", first=0):
    """The text of a model as LightGBM writes it; a tree is a dict or a list of lines."""
    pairs = [tree.items() if isinstance(tree, dict) else tree for tree in trees]
    blocks = [f"Tree={number}\n{lines(tree)}\n\n" for number, tree in enumerate(pairs, first)]
    sizes = " ".join(str(len(block)) for block in blocks)
    return f"tree\n{lines(head.items())}tree_sizes={sizes}\n\n{''.join(blocks)}{end}{tail}"


def refused(text):
    with pytest.raises(Damaged):
        check_model(text)


@pytest.mark.parametrize("trees", [(TREE,), (TREE, LEAF), (LEAF, TREE, TREE), (LEAF,)])
def test_lightgbm_reads_what_was_made_by_hand(trees):
    check_model(written(*trees))
    booster = lgb.Booster(model_str=written(*trees))
    found = booster.predict(np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 2.0], [1.0, 1.0]]), num_threads=1)
    leaves = np.array([-0.5, 1.0, 2e-05, 0.0])
    assert found == pytest.approx(sum(leaves if tree is TREE else 0.5 for tree in trees))


@pytest.mark.parametrize(
    "change",
    [
        {"split_gain": "inf -nan 1e+30"},
        {"threshold": "-1.5e-300 1 0"},
        {"threshold": "inf 0 1"},
        {"decision_type": "10 1 9"},
        {"split_feature": "1 0 0"},
        {"cat_threshold": "0 4294967295"},
        {"cat_threshold": "6 5 4", "cat_boundaries": "0 1 3"},
        {"left_child": "-1 2 -3", "right_child": "1 -2 -4"},
    ],
)
def test_other_trees_of_the_same_form_are_sound(change):
    check_model(written(TREE | change))


@pytest.mark.parametrize(
    "change",
    [
        {"left_child": "1 -1 -1"},  # a leaf below two
        {"left_child": "1 1 -3", "right_child": "2 -1 -2"},
        {"left_child": "-1 1 -3", "right_child": "2 -2 -4"},  # a node below itself
        {"left_child": "-1 2 1", "right_child": "-2 -3 -4"},  # two below each other
        {"left_child": "-1 -2 1", "right_child": "2 -3 -4"},  # a node below a later one
        {"split_feature": "2 1 1"},
        {"split_feature": "0 -1 1"},
        {"decision_type": "16 1 9"},
        {"decision_type": "12 1 9"},
        {"threshold": "0.5 0 2"},  # a set that is not there
        {"threshold": "0.5 0 -1"},
        {"threshold": "nan 0 1"},
        {"cat_boundaries": "0 2"},
        {"cat_boundaries": "0 0 2"},
        {"cat_boundaries": "0 3 2"},
        {"cat_boundaries": "1 2 3", "cat_threshold": "6 5 4"},
        {"cat_threshold": "6 5 4"},
        {"cat_threshold": "6 4294967296"},
        {"cat_threshold": "-1 5"},
        {"num_cat": "1"},
        {"num_cat": "0"},
        {"num_leaves": "3"},
        {"num_leaves": "0"},
        {"is_linear": "1"},
        {"leaf_value": "inf 1 2 3"},
    ],
)
def test_a_tree_that_does_not_hang_together_is_refused(change):
    refused(written(TREE | change))
    refused(written(LEAF, TREE | change, LEAF))


@pytest.mark.parametrize("name", TREE)
def test_every_line_of_a_tree_is_there_once_with_its_length_and_numbers(name):
    rest = [(other, value) for other, value in TREE.items() if other != name]
    value = TREE[name]
    check_model(written([*rest, (name, value)]))
    refused(written(rest))
    refused(written([*TREE.items(), (name, value)]))
    for wrong in (f"{value} {value}", "", "x", f"{value},", value.replace(" ", "  ") + " ", value.rpartition(" ")[0]):
        refused(written(TREE | {name: wrong}))


@pytest.mark.parametrize("name", [name for name in LEAF if name not in {"leaf_weight", "leaf_count"}])
def test_a_single_leaf_has_no_nodes_and_one_value(name):
    refused(written(LEAF | {name: "1" if not LEAF[name] else ""}))


@pytest.mark.parametrize("more", [{"cat_boundaries": "0"}, {"cat_threshold": "5"}, {"leaf_const": "1"}])
def test_a_tree_has_no_lines_that_are_not_its_own(more):
    refused(written(LEAF | more))


@pytest.mark.parametrize("name", [name for name in HEAD if name not in {"label_index", "objective"}])
def test_a_head_that_lacks_a_line_is_refused(name):
    refused(written(TREE, head={other: value for other, value in HEAD.items() if other != name}))


@pytest.mark.parametrize(
    "change",
    [
        {"num_class": "2"},
        {"max_feature_idx": "2"},
        {"max_feature_idx": "0"},
        {"max_feature_idx": "-1"},
        {"max_feature_idx": "x"},
        {"feature_names": "spend region more"},
        {"feature_names": "spend"},
        {"feature_infos": "[0:1]"},
        {"feature_infos": "[0:1] 0:1:2 none"},
        {"objective": "regression\nnonsense"},
        {"Objective": "regression"},
    ],
)
def test_a_head_that_counts_other_columns_is_refused(change):
    refused(written(TREE, head=HEAD | change))


def test_a_model_without_trees_and_one_that_averages_are_sound():
    check_model(written())
    check_model(written(TREE).replace("tree\n", "tree\naverage_output\n", 1))


def test_trees_stand_in_their_order_at_their_sizes():
    text = written(TREE, LEAF)
    refused(written(TREE, first=1))
    sizes = next(line for line in text.split("\n") if line.startswith("tree_sizes="))
    first, second = (int(size) for size in sizes.removeprefix("tree_sizes=").split())
    for wrong in ((second, first), (first - 1, second + 1), (first, second + 1), (first, second - 1), (first,), ()):
        refused(text.replace(sizes, f"tree_sizes={' '.join(map(str, wrong))}"))
    refused(text.replace(f"{sizes}\n", ""))


@pytest.mark.parametrize(
    "tail",
    [
        "",
        TAIL,
        TAIL + "\nparameters:\n[boosting: gbdt]\n[seed: 0]\n\nend of parameters\n",
        TAIL + "\nparameters:\n\nend of parameters\n\npandas_categorical:null\n",
        TAIL + '\npandas_categorical:[["north", "south"]]\n',
    ],
    ids=range(5),
)
@pytest.mark.parametrize("more", ["", "x", "\n", "Tree=1\n"], ids=range(4))
def test_after_the_trees_stands_what_lightgbm_writes_there_and_no_more(tail, more):
    if tail and not more:
        check_model(written(TREE, tail=tail))
    else:
        refused(written(TREE, tail=tail + more))


@pytest.mark.parametrize("end", ["", "end of trees", "end of tree\n", "end of trees\nend of trees\n"], ids=range(4))
def test_the_trees_end_once(end):
    refused(written(TREE, end=end))
    refused(written(end=end))
