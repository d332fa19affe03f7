import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.errors import ConfigError, DataError
from hvc_ml.tables.compile import condition_sql, value_sql
from hvc_ml.tables.engine import open_engine
from hvc_ml.tables.expression import parse
from hvc_ml.tables.parts import Part, RawColumn
from hvc_ml.tables.resources import Resources
from hvc_ml.tables.tree import (
    Arithmetic,
    Comparison,
    Junction,
    Missing,
    Name,
    Negative,
    Not,
    Number,
    Text,
    Within,
    check_names,
    is_condition,
    names,
)

COLUMNS = ("a", "b", "unit price", "x`y", "and")


def written(node):
    """The text of a tree, with every bracket: the parser's inverse, written apart from it."""
    match node:
        case Number(value):
            return repr(value)
        case Text(value):
            return "'" + value.replace("'", "''") + "'"
        case Name(name):
            return "`" + name.replace("`", "``") + "`"
        case Negative(of):
            return f"-({written(of)})"
        case Arithmetic(sign, left, right) | Comparison(sign, left, right):
            return f"({written(left)}) {sign} ({written(right)})"
        case Within(of, options, negated):
            return f"({written(of)}) {'not in' if negated else 'in'} [{', '.join(map(written, options))}]"
        case Missing(of, negated):
            return f"({written(of)}) is {'not null' if negated else 'null'}"
        case Not(of):
            return f"not ({written(of)})"
        case Junction(operator, of):
            return f" {operator} ".join(f"({written(n)})" for n in of)


numbers = st.floats(0, 1e12, allow_nan=False).map(lambda x: Number(float(x)))
columns = st.sampled_from(COLUMNS).map(Name)
texts = st.text(max_size=8).map(Text)
values = st.recursive(
    numbers | columns,
    lambda inner: st.builds(Negative, inner) | st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
    max_leaves=8,
)
signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
options = st.lists(texts | numbers, min_size=1, max_size=3).map(tuple)
conditions = st.recursive(
    st.builds(Comparison, signs, values | texts, values | texts)
    | st.builds(Within, values | texts, options, st.booleans())
    | st.builds(Missing, values, st.booleans()),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Junction, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(values | conditions)
def test_what_is_written_is_what_is_read(node):
    assert parse(written(node)) == node


@given(st.text(alphabet="ab1.'\"`()[]+-*/<>=!, andorintisul%;\\\n", max_size=30) | st.text(max_size=20))
def test_any_text_is_a_tree_or_a_config_error(text):
    try:
        node = parse(text)
    except ConfigError:
        return
    assert isinstance(node, Number | Text | Name | Negative | Arithmetic) or is_condition(node)


@given(st.text(min_size=1, max_size=20))
def test_a_text_that_is_a_column_is_that_column(text):
    assert parse(text, ["other", text]) == Name(text)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "1.0 + (2.0 * 3.0)"),
        ("1 - 2 - 3", "(1.0 - 2.0) - 3.0"),
        ("8 / 4 / 2", "(8.0 / 4.0) / 2.0"),
        ("(1 - 2) * 3", "(1.0 - 2.0) * 3.0"),
        ("-a * b", "(-(a)) * b"),
        ("--a", "a"),
        ("+a", "a"),
        ("a = 1 and b = 2 or a = 3", "((a = 1.0) and (b = 2.0)) or (a = 3.0)"),
        ("not a = 1 and b = 2", "(not (a = 1.0)) and (b = 2.0)"),
        ("not not a = 1", "a = 1.0"),
        ("a == 1", "a = 1.0"),
        ("a <> 1", "a != 1.0"),
        ("a IS NOT NULL", "a is not null"),
        ("a in (1, -2)", "a in [1.0, -2.0]"),
        ("a not in [\"x\", 'it''s']", "a not in ['x', 'it''s']"),
    ],
)
def test_signs_bind_as_in_school(text, tree):
    def eager(node):
        match node:
            case Within(of, chosen, negated):
                return Within(
                    eager(of), tuple(Number(-o.of.value) if isinstance(o, Negative) else o for o in chosen), negated
                )
            case _:
                return node

    assert parse(text) == eager(parse(tree))


@pytest.mark.parametrize(
    "text",
    ["", " ", "a +", "a b", "(a", "a)", "a in []", "a in [b]", "a not b", "is null", "a > 1 > 2", "a and b", "not a", "'x' + 1",
     "(a > 1) + 2", "a; drop table x", "f(a)", "a.b(1)", "1a", "a = = 1", "`", "'x", "a[1]", "a || b", "a::int",
     "select", "a > (b > 1)", "* 2", "1.2.3", "a in [-b]", "and"],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused(text):
    if text == "select":  # a plain word is a column, looked up later
        assert parse(text) == Name("select")
        return
    with pytest.raises(ConfigError):
        parse(text)


def test_deep_or_long_texts_are_refused_quickly():
    for text in ("(" * 500 + "a" + ")" * 500, "a + " * 1000 + "a", "not " * 800 + "(" * 60):
        with pytest.raises(ConfigError):
            parse(text)


def test_an_unknown_column_is_answered_with_the_nearest_and_all():
    with pytest.raises(
        DataError, match=r"x: no column 'UNITPRICES'; did you mean 'UnitPrice'\? There are: Quantity, UnitPrice\."
    ):
        check_names(parse("UNITPRICES * 2"), ["Quantity", "UnitPrice"], "x")
    with pytest.raises(DataError, match=r"no column 'zzz'\. There are: a\."):
        check_names(parse("zzz > 1"), ["a"], "x")


def test_names_are_found_everywhere():
    tree = parse("a in [1] and not (b is null) or -c + d * `e f` > 1")
    assert names(tree) == ("a", "b", "c", "d", "e f")


PART = Part("f", "SELECT 1", tuple(RawColumn(n, f"c{i}", "DOUBLE") for i, n in enumerate(COLUMNS)))


def evaluated(node, row):
    match node:
        case Number(value):
            return value
        case Name(name):
            return row[name]
        case Negative(of):
            return -evaluated(of, row)
        case Arithmetic(sign, left, right):
            x, y = evaluated(left, row), evaluated(right, row)
            try:
                return {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y, "/": lambda: x / y}[sign]()
            except ZeroDivisionError:
                return math.nan
    raise AssertionError(node)


def test_compiled_arithmetic_is_python_arithmetic():
    row = {"a": 3.5, "b": -2.0, "unit price": 0.1, "x`y": 1e6, "and": 7.0}
    given_row = ", ".join(f"{v!r}::DOUBLE AS c{i}" for i, v in enumerate(row.values()))
    with open_engine(Resources(memory="256MB", threads=1)) as engine:

        @given(values)
        def law(node):
            expected = evaluated(node, row)
            found = engine.execute(f"SELECT {value_sql(node, PART, '.', 'x')} FROM (SELECT {given_row})")[0][0]
            if math.isfinite(expected):
                assert found == expected
            else:  # a division by zero, or overflow, is never a number
                assert found is None or not math.isfinite(found) or found == 0

        law()


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("n > 9", True),
        ("n > 11", False),
        ("t = 'POST'", True),
        ("t != 'post'", True),
        ("n = '10'", True),  # a whole float is written without its point
        ("n in ['10', 'x']", True),
        ("n in [9, 10]", True),
        ("t in ['a''b', 'POST']", True),
        ("t not in ['POST']", False),
        ("gap is null", True),
        ("gap is not null", False),
        ("gap > 0", None),
        ("nan > 0", None),
        ("nan is null", True),
        ("(n - 10) is null", False),
        ("not (n > 11 or t = 'x')", True),
        ("n > 11 or t = 'POST' and n = 10", True),
        ("s = n", True),
        ("s < 11", True),
        ("s <= n", True),
        ("t = 1", None),  # no number
        ('t = "x\' OR 1=1 --"', False),
    ],
)
def test_conditions_have_three_values_as_in_sql(engine, text, holds):
    kinds = {"n": "DOUBLE", "t": "VARCHAR", "gap": "VARCHAR", "nan": "DOUBLE", "s": "VARCHAR"}
    part = Part("f", "", tuple(RawColumn(n, f"c{i}", k) for i, (n, k) in enumerate(kinds.items())))
    row = "10.0::DOUBLE AS c0, 'POST' AS c1, '' AS c2, 'nan'::DOUBLE AS c3, '10' AS c4"
    assert engine.execute(f"SELECT {condition_sql(parse(text), part, '.', 'x')} FROM (SELECT {row})") == [(holds,)]


@pytest.mark.parametrize("text", ["t + 1 = 'x'", "d > 1"])
def test_a_comparison_that_makes_no_sense_is_refused(text):
    part = Part("f", "", (RawColumn("t", "c0", "VARCHAR"), RawColumn("d", "c1", "DATE")))
    with pytest.raises(ConfigError):
        condition_sql(parse(text), part, ".", "x")


def test_a_value_is_no_condition_and_a_condition_no_value():
    with pytest.raises(ConfigError, match="expected a condition"):
        condition_sql(parse("a + 1"), PART, ".", "x")
    for text in ("a > 1", "'x'"):
        with pytest.raises(ConfigError, match="expected a number"):
            value_sql(parse(text), PART, ".", "x")
