"""A notification as APNs takes it.

Source: developer.apple.com, Sending notification requests to APNs; Generating a remote notification (read 2026-11).
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import msgspec

from connectors.channels.apns.config import Config
from connectors.families.app.notice import Notice

NAMES: Final = UUID("5e0d4b1c-6f38-4a53-9a51-3f2b6a7c9d10")
"""The space in which our tokens are names."""


def name(token: str) -> str:
    """The id of a notification, the same for the same request."""
    return str(uuid5(NAMES, token))


def body(shown: Notice, config: Config) -> bytes:
    sound = {"sound": config.sound} if config.sound else {}
    grouped = {"thread-id": shown.topic} if shown.topic else {}
    aps = {"alert": {"title": shown.title, "body": shown.body}, **sound, **grouped}
    return msgspec.json.encode({"aps": aps, **shown.data})


def headers(shown: Notice, config: Config, token: str, id_: str, now: datetime) -> dict[str, str]:
    ends = now + timedelta(seconds=config.keep_seconds)
    replaces = {"apns-collapse-id": shown.topic} if shown.topic else {}
    return {
        "authorization": f"bearer {token}",
        "content-type": "application/json",
        "apns-id": id_,
        "apns-topic": config.bundle,
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": str(int(ends.timestamp())) if config.keep_seconds else "0",
        **replaces,
    }
