from datetime import UTC, datetime

import pytest

from connectors.kit.request import Request
from gateway.arrival import raw_of


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (
            "?hub.mode=subscribe&hub.verify_token=nobody&hub.challenge=7",
            "?hub.mode=subscribe&hub.verify_token=***&hub.challenge=7",
        ),
        ("?secret=nobody", "?secret=***"),
        ("?token_type=x&n=1", "?token_type=x&n=1"),
    ],
)
def test_an_address_is_kept_without_what_shows_who_calls(query: str, kept: str) -> None:
    url = "https://hub.example.com/in/support"
    request = Request("GET", f"{url}{query}", {}, b"", datetime(2026, 11, 21, tzinfo=UTC))
    assert raw_of(request).url == f"{url}{kept}"
