"""A notification as the body of `messages:send`.

Source: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (read 2026-11).
"""

from typing import Any

from connectors.channels.fcm.config import Config
from connectors.families.app.notice import Notice


def message(token: str, shown: Notice, config: Config) -> dict[str, Any]:
    """What each platform needs to show one notification of a conversation in the place of an earlier."""
    keep, tag = str(config.keep_seconds), {"tag": shown.topic} if shown.topic else {}
    grouped = {"thread-id": shown.topic} if shown.topic else {}
    replaces = {"apns-collapse-id": shown.topic} if shown.topic else {}
    page = {"fcm_options": {"link": shown.link}} if (shown.link or "").startswith("https://") else {}
    return {
        "message": {
            "token": token,
            "notification": {"title": shown.title, "body": shown.body},
            "data": shown.data,
            "android": {"priority": "high", "ttl": f"{keep}s", **({"notification": tag} if tag else {})},
            "apns": {
                "headers": {"apns-priority": "10", **replaces},
                "payload": {"aps": {"sound": "default", **grouped}},
            },
            "webpush": {"headers": {"TTL": keep, "Urgency": "high"}, **({"notification": tag} if tag else {}), **page},
        }
    }
