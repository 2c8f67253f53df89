"""What Slack's refusals mean, by what the asker does next.

Most come with HTTP status 200 and `{"ok": false, "error": "…"}`. Source: the error tables of
docs.slack.dev/reference/methods/chat.postMessage, chat.update, reactions.add, files.completeUploadExternal and
docs.slack.dev/apis/web-api/rate-limits (read 2026-11).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from connectors.kit.errors import (
    BadPayload,
    KitError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Answer
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

DEFAULT_WAIT: Final = 30.0
"""Seconds, where a limit names none."""
LONGEST: Final = 300
_SECONDS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)

ALREADY: Final = frozenset({"already_reacted", "no_reaction"})
"""It is as it was asked to be."""


class Row(NamedTuple):
    error: type[Temporary | OutcomeUnknown | Refused | Unreachable | Misconfigured]
    code: ErrorCode


UNKNOWN: Final = Row(Refused, ErrorCode.UNKNOWN)
NO_ACCESS: Final = Row(Misconfigured, ErrorCode.AUTH_FAILED)
NO_LEAVE: Final = Row(Misconfigured, ErrorCode.MISCONFIGURED)
BUSY: Final = Row(Temporary, ErrorCode.RATE_LIMITED)
LATER: Final = Row(Temporary, ErrorCode.PROVIDER_DOWN)
# "It's possible some aspect of the operation succeeded before the error was raised."
DOUBT: Final = Row(OutcomeUnknown, ErrorCode.PROVIDER_DOWN)
NOBODY: Final = Row(Unreachable, ErrorCode.INVALID_ADDRESS)
SHUT: Final = Row(Unreachable, ErrorCode.UNREACHABLE)
FORBIDDEN: Final = Row(Refused, ErrorCode.POLICY_REJECTED)
UNFIT: Final = Row(Refused, ErrorCode.CONTENT_UNSUPPORTED)
NO_FILE: Final = Row(Refused, ErrorCode.MEDIA_UNSUPPORTED)
LOST_FILE: Final = Row(Refused, ErrorCode.MEDIA_UNREACHABLE)

ERRORS: Final[Mapping[str, Row]] = {
    **dict.fromkeys(("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"), NO_ACCESS),
    **dict.fromkeys(
        (
            *("missing_scope", "not_allowed_token_type", "accesslimited", "two_factor_setup_required"),
            *("team_access_not_granted", "enterprise_is_restricted", "deprecated_endpoint", "method_deprecated"),
            *("messages_tab_disabled", "team_not_found"),
        ),
        NO_LEAVE,
    ),
    **dict.fromkeys(("ratelimited", "rate_limited"), BUSY),
    **dict.fromkeys(
        ("service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"),
        LATER,
    ),
    **dict.fromkeys(("internal_error", "fatal_error"), DOUBT),
    **dict.fromkeys(("channel_not_found", "user_not_found", "users_not_found", "invalid_channel"), NOBODY),
    **dict.fromkeys(
        (
            *("not_in_channel", "is_archived", "no_permission", "cannot_dm_bot", "user_disabled"),
            *("posting_to_channel_denied", "restricted_action_read_only_channel"),
        ),
        SHUT,
    ),
    # Whoever keeps the channel closed the thread to answers.
    **dict.fromkeys(("restricted_action_thread_locked", "thread_locked"), Row(Refused, ErrorCode.POLICY_REJECTED)),
    **dict.fromkeys(
        (
            *("restricted_action", "restricted_action_non_threadable_channel", "access_denied", "ekm_access_denied"),
            *("restricted_action_thread_only_channel", "message_limit_exceeded", "cant_update_message"),
            *("edit_window_closed", "slack_connect_file_link_sharing_blocked"),
        ),
        FORBIDDEN,
    ),
    **dict.fromkeys(
        (
            *("msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"),
            *("cannot_reply_to_message", "message_not_found", "bad_timestamp", "invalid_name", "no_item_specified"),
            *("not_reactable", "too_many_emoji", "too_many_reactions"),
        ),
        UNFIT,
    ),
    **dict.fromkeys(
        (
            *("file_type_not_allowed", "file_uploads_disabled", "file_uploads_except_images_disabled"),
            *("storage_limit_reached", "file_update_failed"),
        ),
        NO_FILE,
    ),
    "file_upload_size_restricted": Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
    **dict.fromkeys(("file_not_found", "file_deleted"), LOST_FILE),
}

STATUSES: Final[Mapping[int, Row]] = {
    HTTPStatus.TOO_MANY_REQUESTS: BUSY,
    HTTPStatus.UNAUTHORIZED: NO_ACCESS,
    HTTPStatus.FORBIDDEN: NO_ACCESS,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Row(Refused, ErrorCode.MEDIA_TOO_LARGE),
}
"""What the status says by itself, where no error is named."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`{"ok": false, "error": "…", "needed": "…"}`."""

    error: str | None = None
    needed: str | None = None
    """The scope the token lacks."""


FAILURE: Final = msgspec.json.Decoder(Failure)


def refusal(answer: Answer, *, reads: bool = False) -> KitError:
    """The error an answer stands for; `reads` where nothing that people see was to change."""
    try:
        told = decode(answer.body, FAILURE)
    except BadPayload:  # not Slack's own form, such as a proxy's page: its status speaks alone
        told = Failure()
    detail = f"{told.error}: needs {told.needed}" if told.error and told.needed else told.error
    detail = (detail or f"HTTP status {answer.status}")[:LONGEST]
    row = _row(answer.status, told.error)
    provider_code = told.error[:64] if told.error else str(answer.status)
    if row.error is OutcomeUnknown and reads:
        row = LATER
    if row.error is Temporary:
        wait = _wait(answer.headers.get("retry-after"), DEFAULT_WAIT if row is BUSY else None)
        return Temporary(detail, retry_after=wait, code=row.code, provider_code=provider_code)
    return row.error(detail, code=row.code, provider_code=provider_code)


def _row(status: int, error: str | None) -> Row:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return BUSY
    known = ERRORS.get(error or "")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # performed or not, whatever else it says
        return known if known is LATER else DOUBT
    if known is not None:
        return known
    if status in STATUSES:
        return STATUSES[status]
    # A 4xx was not performed; what reads neither as success nor as refusal may have been.
    return UNKNOWN if error is not None or status >= HTTPStatus.BAD_REQUEST else DOUBT


def _wait(header: str | None, otherwise: float | None) -> float | None:
    """Seconds, at least one: what is told to come again at once would never stop coming."""
    return max(float(header), 1.0) if header is not None and _SECONDS.fullmatch(header) else otherwise
