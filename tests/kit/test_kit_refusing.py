"""What an HTTP status says by itself."""

import pytest

from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from normalizer.errors import ErrorCode


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (302, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (400, Refused, ErrorCode.UNKNOWN),
        (401, Misconfigured, ErrorCode.AUTH_FAILED),
        (403, Misconfigured, ErrorCode.AUTH_FAILED),
        (429, Temporary, ErrorCode.RATE_LIMITED),
        (499, Refused, ErrorCode.UNKNOWN),
        (500, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_a_status_stands_for_its_next_act(status, error, code):
    found = by_status(Answer(status, {}, b"<html>"), 7.0, OutcomeUnknown)
    assert (type(found), found.code, found.provider_code) == (error, code, str(status))
    assert found.detail == f"HTTP status {status}"


def test_too_much_waits_as_long_as_is_configured():
    found = by_status(Answer(429, {}, b""), 7.0, OutcomeUnknown)
    assert isinstance(found, Temporary)
    assert found.retry_after == 7.0


def test_where_nothing_was_to_change_doubt_is_no_doubt():
    assert isinstance(by_status(Answer(503, {}, b""), 7.0, Temporary), Temporary)
