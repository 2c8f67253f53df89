"""Mail that no person wrote: told by its header, so that no machine of ours answers it.

Source: RFC 3834 §2, RFC 5230 §4.6, RFC 2919, learn.microsoft.com on X-Auto-Response-Suppress (read 2026-11).
"""

import re

from connectors.families.mail.mime_fields import Fields

MARK = "x-onethread"
"""The header by which we know our own mail again."""
MOST_HOPS = 25
"""More servers than a mail passes on any sane way."""
PRECEDENCE = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
SUPPRESS = frozenset({"all", "autoreply", "oof", "dr"})
TELLING = (
    *("x-autoreply", "x-autorespond", "x-auto-reply-from", "x-autoresponder", "x-mail-autoreply"),
    *("list-id", "list-unsubscribe", "list-post", "feedback-id", "x-feedback-id", "x-failed-recipients"),
)
_ROBOT = re.compile(
    r"(?:mailer-daemon|postmaster|(?:do-?)?(?:no|not)[-_.]?reply|donotreply|bounces?|auto-?(?:reply|responder)|daemon)"
    r"(?:[-+_.].{0,60})?"
)


def is_automatic(fields: Fields, sender: str, mail_from: str | None) -> bool:
    """Whether a machine wrote it. `sender` is normalised; an empty `mail_from` was said, None was not told."""
    submitted = (fields.first("auto-submitted") or "no").partition(";")[0].strip().lower()
    precedence = (fields.first("precedence") or "").strip().lower()
    suppress = {word.strip().lower() for word in (fields.first("x-auto-response-suppress") or "").split(",")[:10]}
    return (
        submitted != "no"
        or precedence in PRECEDENCE
        or bool(suppress & SUPPRESS)
        or any(name in fields for name in TELLING)
        or mail_from == ""
        or (fields.first("return-path") or "").strip() == "<>"
        or _ROBOT.fullmatch(sender.rpartition("@")[0][:80]) is not None
    )


def hops(fields: Fields) -> int:
    return len(fields.each("received"))
