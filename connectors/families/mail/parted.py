"""A mail in the pieces that the programming interfaces of providers take, which put it together themselves."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.families.mail.compose import (
    checked,
    formatted,
    markings,
    message_id_of,
    one_line,
    subject_of,
    thread_of,
)
from connectors.families.mail.config import MailConfig
from connectors.families.mail.signing import Way
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode


@dataclass(frozen=True)
class Parted:
    message_id: str
    """Without brackets."""
    recipient: str
    subject: str
    plain: str
    """Never empty: a mail of files alone says a blank."""
    html: str | None
    reply_to: str | None
    fields: Sequence[tuple[str, str]]
    """Header fields besides, each on one line."""
    files: Sequence[File]


def parted(outbound: Outbound, config: MailConfig) -> Parted:
    """Raises Refused where its files are too large."""
    checked(outbound, config)
    signer = config.signer()
    answered, references = thread_of(outbound)
    message_id = message_id_of(outbound.token, config.domain)
    plain, html = formatted(outbound)
    fields = [("Message-ID", f"<{message_id}>")]
    fields += [("In-Reply-To", f"<{answered}>")] if answered else []
    fields += [("References", " ".join(f"<{id_}>" for id_ in references))] if references else []
    return Parted(
        message_id=message_id,
        recipient=outbound.address.value,
        subject=one_line(subject_of(outbound, config, answered is not None)),
        plain=plain or " ",
        html=html,
        reply_to=signer.address(Way.REPLY, outbound.token),
        fields=[*fields, *markings(outbound, signer)],
        files=[outbound.files[part.attachment_id] for part in outbound.payload.media],
    )


def encoded_file(file: File) -> str:
    """All of it in base64. Blocks. Raises Refused."""
    try:
        return base64.b64encode(file.path.read_bytes()).decode()
    except FileNotFoundError as error:
        raise Refused("a file of the mail is gone", code=ErrorCode.MEDIA_UNREACHABLE) from error
