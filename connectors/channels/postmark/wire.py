"""A mail as the body of Postmark's `/email`.

Source: postmarkapp.com/developer/api/email-api (read 2026-11). Without `X-PM-KeepID` Postmark gives the mail a
Message-ID of its own, and no answer to it would be known by it.
"""

from typing import Any

from connectors.channels.postmark.config import Config
from connectors.channels.postmark.parse import CARRIER
from connectors.families.mail.compose import file_title, mailbox
from connectors.families.mail.parted import Parted, encoded_file
from connectors.kit.base import Outbound


def message(mail: Parted, outbound: Outbound, config: Config) -> dict[str, Any]:
    """Blocks while it reads files. Raises Refused."""
    fields = [*mail.fields, ("X-PM-KeepID", "true")]
    said: dict[str, Any] = {
        "From": mailbox(config.name, config.own),
        "To": mail.recipient,
        "Subject": mail.subject,
        "TextBody": mail.plain,
        "Headers": [{"Name": name, "Value": value} for name, value in fields],
        "Metadata": {CARRIER: outbound.token},
        "TrackOpens": False,
        "TrackLinks": "None",
        "MessageStream": config.message_stream,
    }
    said |= {"HtmlBody": mail.html} if mail.html else {}
    said |= {"ReplyTo": mailbox(config.name, mail.reply_to)} if mail.reply_to else {}
    files = [
        {"Name": file_title(file.name), "Content": encoded_file(file), "ContentType": file.media_type}
        for file in mail.files
    ]
    return said | ({"Attachments": files} if files else {})
