"""What the workspace's answers mean, by what the sender does next.

Source: github.com/RocketChat/Rocket.Chat, `apps/meteor/app/api/server` (read 2026-11).
"""

from http import HTTPStatus
from typing import Final

import msgspec

from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused, Temporary
from connectors.kit.http import Answer
from connectors.kit.refusing import by_status
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of the workspace's words that are kept."""


class Made(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="_id")


class Told(msgspec.Struct, frozen=True, rename="camel"):
    success: bool = False
    error: str = ""
    error_type: str | None = None
    message: Made | str | None = None
    """What was made, or words about why nothing was."""
    id: str | None = msgspec.field(default=None, name="_id")
    """Of `me`, with the two below."""
    username: str | None = None
    name: str | None = None


TOLD = msgspec.json.Decoder(Told)


def told(answer: Answer, pause: float, *, reads: bool = False) -> Told:
    """A success, as it reads; `reads`: nothing was to change. Raises the sending errors."""
    doubt = Temporary if reads else OutcomeUnknown
    try:
        found = decode(answer.body, TOLD)
    except BadPayload as error:
        if answer.status == HTTPStatus.OK:
            raise doubt(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
        raise by_status(answer, pause, doubt) from None
    if answer.status == HTTPStatus.OK and found.success:
        return found
    if answer.status == HTTPStatus.BAD_REQUEST or (answer.status == HTTPStatus.OK and found.error):
        detail = found.error[:LONGEST] or f"HTTP status {answer.status}"
        raise Refused(detail, code=ErrorCode.UNKNOWN, provider_code=(found.error_type or str(answer.status))[:64])
    raise by_status(answer, pause, doubt)
