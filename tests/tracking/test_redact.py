"""What a secret may stand in goes; everything around it stays, or nobody could mend anything."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hvc_ml.tracking.redact import HIDDEN, redact

SECRETS = st.text(string.ascii_letters + string.digits + "!$%()/:?~", min_size=4, max_size=20).map("S3".__add__)


@given(SECRETS)
def test_no_secret_leaves_with_a_text(secret):
    place = f"postgresql://ann:{secret}@db:5432/mlflow"
    assert redact(f"cannot open {place} while counting") == "cannot open postgresql://***@db:5432/mlflow while counting"
    assert redact(f"https://host/x?token={secret}&page=2") == "https://host/x?token=***&page=2"
    assert redact(f"it said {secret}!", (secret,)) == "it said ***!"


@pytest.mark.parametrize("secrets", [("abcd", "abcdef"), ("abcdef", "abcd"), ("yy", "xyyz"), ("xyyz", "yy")])
def test_a_secret_that_holds_another_is_hidden_whole(secrets):
    assert redact(" and ".join(secrets), secrets) == f"{HIDDEN} and {HIDDEN}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer eyJhbGci.x-y", "Authorization: Bearer ***"),
        ("authorization: basic YW5uOmh1bnRlcjI=", "authorization: basic ***"),
        ("PASSWORD = 'hunter2', user='ann'", "PASSWORD = '***', user='ann'"),
        ("mysql+pymysql://ann:hunter2@db/x and s3://key:word@host", "mysql+pymysql://***@db/x and s3://***@host"),
    ],
    ids=["bearer", "basic", "assigned", "addresses"],
)
def test_the_words_around_a_secret_stay(text, shown):
    assert redact(text) == shown
