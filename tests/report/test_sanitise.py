import pandas as pd
import pytest

from hvc_ml.report.sanitise import safe_frame, safe_text


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@a",
        "|a",
        "\ta",
        "\ra",
        "\na",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20a",
        "\uff5ca",
        "\ufe661",
        "\u207c1",
        " \t=1",
    ],
)
def test_text_a_spreadsheet_might_run_gets_an_apostrophe_and_keeps_every_byte(text):
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ann", "007", "A-1", "a=b", "  ann", "'=1", "1e5", "é", "ann@shop.example"])
def test_other_text_is_left_alone(text):
    assert safe_text(text) == text


def test_numbers_stay_numbers_and_missing_text_stays_missing():
    frame = pd.DataFrame({"gain": [-7.5, 1.0], "note": ["-7.5", None]})
    safe = safe_frame(frame)
    assert safe["gain"].tolist() == [-7.5, 1.0]
    assert safe["note"].tolist()[0] == "'-7.5"
    assert pd.isna(safe["note"].tolist()[1])
    assert frame["note"].tolist()[0] == "-7.5"


def test_whatever_is_no_text_stays_what_it_is_on_its_row():
    day = pd.Timestamp("2026-01-01")
    frame = pd.DataFrame({"gain": [-7.5, 1.0], "day": [day, day], "mixed": [None, -1]}, index=[7, 3], dtype=object)
    frame = frame.astype({"gain": float, "day": "datetime64[ns]"})
    safe = safe_frame(frame)
    assert (safe["gain"].dtype, safe.index.tolist()) == ("float64", [7, 3])
    assert safe["day"].tolist() == [day, day]
    assert safe["mixed"].tolist() == [None, -1]


def test_column_names_are_text_too():
    assert list(safe_frame(pd.DataFrame({"=cmd": [1], "ok": [2]})).columns) == ["'=cmd", "ok"]
