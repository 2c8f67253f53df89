"""What Telegram's refusals mean, by what the sender does next.

The descriptions are the only key Telegram gives: `error_code` repeats the HTTP status. Source: tdlib/telegram-bot-api,
Client.cpp (2026-05), core.telegram.org/bots/api#making-requests (read 2026-11). A 4xx was not performed; a 5xx may be.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import msgspec

from connectors.channels.telegram.update import Id
from connectors.kit.errors import (
    BadPayload,
    KitError,
    Misconfigured,
    Moved,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

NOT_MODIFIED: Final = "message is not modified"
TOO_OLD: Final = "query is too old"
LONGEST: Final = 300
"""Characters of a description that are kept."""


class Row(NamedTuple):
    words: str
    """Somewhere in the description, in lower case."""
    error: type[Temporary | Refused | OptedOut | Unreachable | Misconfigured]
    code: ErrorCode


ROWS: Final = (
    Row("bot was blocked by the user", OptedOut, ErrorCode.OPTED_OUT),
    Row("user is deactivated", Unreachable, ErrorCode.UNREACHABLE),
    Row("bot was kicked", Unreachable, ErrorCode.UNREACHABLE),
    Row("bot is not a member", Unreachable, ErrorCode.UNREACHABLE),
    Row("chat was deleted", Unreachable, ErrorCode.UNREACHABLE),
    Row("can't initiate conversation", Unreachable, ErrorCode.NOT_OPTED_IN),
    Row("can't send messages to bots", Unreachable, ErrorCode.UNREACHABLE),
    # Seen to pass by itself.
    Row("can't send messages to the user", Temporary, ErrorCode.UNREACHABLE),
    Row("not enough rights", Unreachable, ErrorCode.UNREACHABLE),
    Row("have no rights to send", Unreachable, ErrorCode.UNREACHABLE),
    Row("chat_write_forbidden", Unreachable, ErrorCode.UNREACHABLE),
    Row("topic_closed", Unreachable, ErrorCode.UNREACHABLE),
    Row("chat not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("chat_id is empty", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("peer_id_invalid", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("user not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("message thread not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("business_connection_invalid", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("business connection not found", Unreachable, ErrorCode.INVALID_ADDRESS),
    Row("business_peer_usage_missing", Refused, ErrorCode.WINDOW_CLOSED),
    Row("request entity too large", Refused, ErrorCode.MEDIA_TOO_LARGE),
    Row("message is too long", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("caption is too long", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("text is empty", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("text must be non-empty", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("entities", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("entity", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("button", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("reply markup", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("reaction", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("can't be edited", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("to edit", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("to be replied not found", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("to react not found", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("message not found", Refused, ErrorCode.CONTENT_UNSUPPORTED),
    Row("file is too big", Refused, ErrorCode.MEDIA_TOO_LARGE),
    Row("too big for", Refused, ErrorCode.MEDIA_TOO_LARGE),
    Row("wrong file identifier", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("wrong remote file identifier", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("wrong file_id", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("invalid file_id", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("http url", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("by url", Refused, ErrorCode.MEDIA_UNREACHABLE),
    Row("wrong type of", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    Row("file must be non-empty", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    Row("photo_", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    Row("image_process_failed", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    Row("voice_messages_forbidden", Refused, ErrorCode.MEDIA_UNSUPPORTED),
    Row("in the album", Refused, ErrorCode.MEDIA_UNSUPPORTED),
)

STATUSES: Final[Mapping[int, Row]] = {
    HTTPStatus.UNAUTHORIZED: Row("", Misconfigured, ErrorCode.AUTH_FAILED),
    HTTPStatus.NOT_FOUND: Row("", Misconfigured, ErrorCode.AUTH_FAILED),
    # A webhook is set, or somebody else polls.
    HTTPStatus.CONFLICT: Row("", Misconfigured, ErrorCode.MISCONFIGURED),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Row("", Refused, ErrorCode.MEDIA_TOO_LARGE),
}
"""What the status says by itself, before any description."""

UNKNOWN: Final = Row("", Refused, ErrorCode.UNKNOWN)


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    migrate_to_chat_id: Id | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`{"ok": false, …}`."""

    description: str = ""
    parameters: Parameters = Parameters()


FAILURE = msgspec.json.Decoder(Failure)


def refusal(status: int, body: bytes, *, reads: bool = False) -> KitError:
    """The error an answer that is no success stands for; `reads` where nothing at Telegram was to change."""
    try:
        told = decode(body, FAILURE)
    except BadPayload:  # not Telegram's own form, such as a proxy's page: its status speaks alone
        told = Failure()
    detail = told.description[:LONGEST] or f"HTTP status {status}"
    provider_code = str(status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait, code = told.parameters.retry_after, ErrorCode.RATE_LIMITED
        return Temporary(detail, retry_after=wait, code=code, provider_code=provider_code)
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        doubt = Temporary if reads else OutcomeUnknown
        return doubt(detail, code=ErrorCode.PROVIDER_DOWN, provider_code=provider_code)
    if told.parameters.migrate_to_chat_id is not None:
        return Moved(detail, value=str(told.parameters.migrate_to_chat_id))
    row = STATUSES.get(status) or _row(detail.lower())
    return row.error(detail, code=row.code, provider_code=provider_code)


def _row(description: str) -> Row:
    return next((row for row in ROWS if row.words in description), UNKNOWN)
