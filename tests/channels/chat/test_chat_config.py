"""What an operator may set, and what is refused with a reason."""

from typing import Any

import msgspec
import pytest

from connectors.channels.chat import Chat
from connectors.kit.config import configured

SECRET = "visitors-secret-of-the-tests-0001"
OTHER = "another-secret-of-the-tests-00001"
PEM = "-----BEGIN PUBLIC KEY-----"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "nobody may write: set secret, jwt_secret or jwt_public_key"),
        ({"secret": "short"}, "secret: at least 32 characters"),
        ({"jwt_secret": "short"}, "jwt_secret: at least 32 characters"),
        ({"secret": SECRET, "jwt_secret": SECRET}, "secret: not the same as jwt_secret"),
        ({"secret": SECRET, "jwt_algorithms": ["HS256"]}, "jwt_algorithms: there is no key for HS256"),
        ({"jwt_secret": SECRET, "jwt_algorithms": ["RS256"]}, "jwt_algorithms: there is no key for RS256"),
        ({"jwt_secret": SECRET, "jwt_algorithms": ["none"]}, "Invalid enum value 'none'"),
        ({"secret": SECRET, "origins": ["app.example.com"]}, "origins: not an origin"),
        ({"secret": SECRET, "origins": ["https://app.example.com/"]}, "origins: not an origin"),
        ({"secret": SECRET, "uploads": ["png"]}, "uploads: not a media type"),
        ({"secret": SECRET, "sockets": 0}, "Expected `int` >= 1"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=reason):
        configured(Chat.Config, settings)


def test_algorithms_follow_from_the_keys_unless_they_are_named() -> None:
    shared = configured(Chat.Config, {"jwt_secret": SECRET})
    public = configured(Chat.Config, {"jwt_public_key": PEM})
    both = configured(Chat.Config, {"jwt_secret": SECRET, "jwt_public_key": PEM, "secret": OTHER})
    named = configured(Chat.Config, {"jwt_public_key": PEM, "jwt_algorithms": ["ES256"]})
    assert [config.algorithms for config in (shared, public, both, named)] == [
        {"HS256"},
        {"RS256"},
        {"HS256", "RS256"},
        {"ES256"},
    ]
