"""A notification as a page's service worker gets it, and the headers beside it."""

import msgspec

from connectors.channels.web_push.config import Config
from connectors.families.app.notice import Notice


def plain(shown: Notice, webhook_url: str) -> bytes:
    """What is encrypted: JSON for the page's own service worker, which tells `webhook_url` what became of it."""
    tell = {"tell": webhook_url} if webhook_url else {}
    told = {"title": shown.title, "body": shown.body, "tag": shown.topic, "data": shown.data | tell}
    return msgspec.json.encode({name: value for name, value in told.items() if value})


def headers(shown: Notice, config: Config, authorization: str) -> dict[str, str]:
    topic = {"topic": shown.topic} if shown.topic else {}
    return {
        "authorization": authorization,
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(config.keep_seconds),
        "urgency": config.urgency,
        **topic,
    }
