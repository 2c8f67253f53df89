"""A mail as the body of SendGrid's `/v3/mail/send`.

Source: twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (read 2026-11). Message-ID is not among the header
fields it reserves.
"""

from typing import Any, Final

from connectors.channels.sendgrid.config import Config
from connectors.families.mail.compose import file_title
from connectors.families.mail.parted import Parted, encoded_file
from connectors.kit.base import Outbound

CARRIER: Final = "onethread"
"""The argument that carries our token."""
UNTRACKED: Final[dict[str, Any]] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}


def message(mail: Parted, outbound: Outbound, config: Config) -> dict[str, Any]:
    """Blocks while it reads files. Raises Refused."""
    content = [{"type": "text/plain", "value": mail.plain}]
    content += [{"type": "text/html", "value": mail.html}] if mail.html else []
    said: dict[str, Any] = {
        "personalizations": [{"to": [{"email": mail.recipient}]}],
        "from": _person(config.own, config.name),
        "subject": mail.subject,
        "content": content,
        "headers": dict(mail.fields),
        "custom_args": {CARRIER: outbound.token},
        "tracking_settings": UNTRACKED,
    }
    said |= {"reply_to": _person(mail.reply_to, config.name)} if mail.reply_to else {}
    files = [
        {
            "content": encoded_file(file),
            "type": file.media_type,
            "filename": file_title(file.name),
            "disposition": "attachment",
        }
        for file in mail.files
    ]
    return said | ({"attachments": files} if files else {})


def _person(address: str, name: str) -> dict[str, str]:
    return {"email": address} | ({"name": name} if name else {})
