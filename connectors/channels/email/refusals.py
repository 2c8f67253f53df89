"""What a mail server's refusals mean, by what the sender does next.

The enhanced status code says more than the reply code, the stage says whom it is about, and a few sentences say what no
code does. Source: RFC 5321 §4.2, RFC 3463, RFC 7372, RFC 7505, the IANA registry of enhanced status codes,
learn.microsoft.com on NDR codes, support.google.com/a/answer/3726730 (read 2026-11).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from connectors.families.mail.statuses import (
    CODES,
    ENHANCED,
    GONE,
    LARGE,
    LOGIN,
    NOBODY,
    OURS,
    POLICY,
    SUBJECTS,
    Row,
)
from connectors.kit.errors import KitError, OptedOut, Temporary, Unreachable
from normalizer.errors import ErrorCode

LONGEST: Final = 300
"""Characters of an answer that are kept."""
WAIT: Final = 60.0
"""Seconds a lane rests where the server takes nothing from us for now, which it never says how long."""


class Stage(StrEnum):
    """What the server answered: it says whether the refusal is about us, the person or the mail."""

    CONNECT = "connect"
    AUTH = "auth"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


FOR_NOW: Final[Mapping[str, ErrorCode]] = {
    "2": ErrorCode.UNREACHABLE,  # a full mailbox, mostly
    "7": ErrorCode.RATE_LIMITED,  # greylisting, or too much mail
    "3.2": ErrorCode.RATE_LIMITED,
    "5.3": ErrorCode.RATE_LIMITED,
}
"""Of refusals that are not for good, by detail, else by subject; the others say that a server is in trouble."""
REPLIES: Final[Mapping[int, Row]] = {
    530: LOGIN,
    534: LOGIN,
    535: LOGIN,
    538: LOGIN,
    521: NOBODY,
    552: LARGE,
    553: NOBODY,
    556: NOBODY,
}
"""By reply code, where there is no enhanced one that says more."""

AT_STAGE: Final[Mapping[tuple[Stage, int], Row]] = {(Stage.RECIPIENT, 552): GONE}
"""Of those, what is another thing at one stage: a recipient's storage is full, no mail too large (RFC 5321 §4.2.3)."""

BY_STAGE: Final[Mapping[Stage, Row]] = {
    Stage.CONNECT: OURS,
    Stage.AUTH: LOGIN,
    Stage.SENDER: OURS,
    Stage.RECIPIENT: Row(Unreachable, ErrorCode.UNREACHABLE),
    Stage.CONTENT: POLICY,
}
"""Where no code says anything."""

WORDS: Final[tuple[tuple[re.Pattern[str], frozenset[Stage], Row], ...]] = (
    (
        re.compile(r"recipient (?:has )?(?:blocked|unsubscribed|opted out)|blocked by (?:the )?(?:recipient|user)"),
        frozenset(Stage),
        Row(OptedOut, ErrorCode.OPTED_OUT),
    ),
    (
        re.compile(
            r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited)"
            r"|(?:unable|not (?:permitted|allowed)|do not|won't) (?:to )?relay"
        ),
        frozenset({Stage.SENDER, Stage.RECIPIENT}),
        OURS,
    ),
    (re.compile(r"sender (?:address )?rejected: not owned|send ?as denied"), frozenset(Stage), OURS),
    (re.compile(r"mailbox (?:is )?full|over quota|quota exceeded"), frozenset(Stage), GONE),
    (
        re.compile(r"user unknown|no such user|unknown user|mailbox (?:not found|unavailable)"),
        frozenset({Stage.RECIPIENT, Stage.CONTENT}),
        NOBODY,
    ),
)
"""Sentences, in lower case, that say more than their codes."""
_GREYLISTED: Final = re.compile(r"gr[ea]y-?list")
_THROTTLED: Final = frozenset({"3.2", "5.3", "7.0", "7.28"})
"""For now the server takes nothing from us, whoever it is for."""


def refusal(stage: Stage, reply: int, text: str) -> KitError:
    """The error an answer stands for that is no success. `text` is the server's, on one line."""
    detail = f"{reply} {' '.join(text.split())}"[:LONGEST]
    enhanced = ENHANCED.search(text[:LONGEST])
    provider_code = enhanced[0] if enhanced else str(reply)
    if 400 <= reply < 500:
        return _for_now(stage, reply, detail, provider_code)
    if not 500 <= reply < 600:
        return Temporary(f"an answer out of turn: {detail}", code=ErrorCode.PROVIDER_DOWN, provider_code=provider_code)
    row = _row(stage, reply, detail.lower(), f"{enhanced[2]}.{enhanced[3]}" if enhanced else "")
    return row.error(detail, code=row.code, provider_code=provider_code)


def _for_now(stage: Stage, reply: int, detail: str, provider_code: str) -> Temporary:
    """Greylisting and full mailboxes are about one recipient, who waits alone; what is about us stops the lane."""
    detail_code = provider_code.partition(".")[2]
    about_us = reply == 421 or stage in (Stage.CONNECT, Stage.AUTH, Stage.SENDER) or detail_code in _THROTTLED
    whole = about_us and not (stage is Stage.RECIPIENT and _GREYLISTED.search(detail.lower()))
    alone = stage is Stage.RECIPIENT and not whole and not detail_code.startswith("3.")  # 4.3.x: the server is ill
    said = _said(stage, detail.lower())
    code = said.code if said else FOR_NOW.get(detail_code) or FOR_NOW.get(detail_code.partition(".")[0])
    code = code or ErrorCode.PROVIDER_DOWN
    return Temporary(detail, retry_after=WAIT if whole else None, alone=alone, code=code, provider_code=provider_code)


def _row(stage: Stage, reply: int, words: str, detail_code: str) -> Row:
    if said := _said(stage, words):
        return said
    if stage is Stage.AUTH:
        return LOGIN
    if by_code := CODES.get(detail_code) or AT_STAGE.get((stage, reply)) or REPLIES.get(reply):
        return by_code
    if stage in (Stage.CONNECT, Stage.SENDER):
        return OURS
    return SUBJECTS.get(detail_code.partition(".")[0]) or BY_STAGE[stage]


def _said(stage: Stage, words: str) -> Row | None:
    return next((row for pattern, stages, row in WORDS if stage in stages and pattern.search(words)), None)
