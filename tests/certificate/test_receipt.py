import json
from datetime import date

import pytest

from hvc_ml.certificate.receipt import Certificate, Finding, is_genuine

CLEAN = Certificate(
    (date(2024, 7, 1),), 9, 900, {"dropped": 5, "ties": 0}, (), 3, (), ("orders have no known_at",), {"data": "ab"}
)


def found(*columns, table="panel"):
    findings = tuple(Finding(date(2024, 7, 1), "dropped", table, column, 2) for column in columns)
    return Certificate((date(2024, 7, 1),), 9, 900, {"dropped": 5, "ties": 0}, findings, 3, ())


def test_the_contracts_fields_are_there():
    receipt = CLEAN.as_json()
    assert receipt["passed"] is True
    assert (receipt["n_cells_compared"], receipt["n_customers"]) == (900, 9)
    assert receipt["perturbations"] == {"dropped": 0, "ties": 0}
    assert set(receipt["hashes"]) == {"data", "receipt"}


def test_a_receipt_survives_json_and_any_change_of_it_is_noticed():
    receipt = json.loads(json.dumps(CLEAN.as_json()))
    assert is_genuine(receipt)
    for key, other in {"passed": False, "n_cells_compared": 901, "cutoffs": [], "hashes": {}}.items():
        assert not is_genuine({**receipt, key: other})
    assert CLEAN.verdict == f"passed {receipt['hashes']['receipt'][:12]}"


def test_what_moved_is_named_in_one_line():
    assert found("spend_90d", "customer_id").says == (
        "leakage: spend_90d, the set of customers moved when what lies after a cutoff is dropped "
        "(900 cells of 9 customers at 1 cutoff were compared)."
    )
    assert "the prior's repeat_buying" in found("rows", table="repeat_buying").says
    assert "and 2 more moved" in found(*"abcdefg").says
    assert not found("a").passed


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        (Certificate((), 9, 900, {}, (), 3, ("orders dropped",)), "blind: 1 of 3 planted leaks"),
        (Certificate((), 9, 0, {}, (), 3, ()), "nothing could be compared"),
        (Certificate((), 9, 900, {}, (), 0, ()), "nothing could be compared"),
    ],
)
def test_a_check_that_could_see_nothing_is_no_certificate(certificate, says):
    assert not certificate.passed
    assert says in certificate.says
