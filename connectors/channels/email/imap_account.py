"""Where mail is collected from, and what becomes of it there: the settings of `imap`, read.

Source: RFC 5092 (the URL, of which only the mailbox is used), RFC 9051 §2.3.2 (flags), RFC 6851 (MOVE) (read 2026-11).
"""

import re
from enum import StrEnum
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from connectors.kit.secret import Secret

PORTS: Final = {"imap": 143, "imaps": 993}
FORM: Final = "imap: of the form imaps://user:password@host:993/INBOX, or imap://… for STARTTLS"
_KEYWORD: Final = re.compile(r"[A-Za-z0-9$._-]{1,64}")
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox and who opens it."""

    host: str
    port: int
    implicit_tls: bool
    user: str
    password: Secret | None
    folder: str

    @property
    def url(self) -> str:
        """Without who and what."""
        return f"{'imaps' if self.implicit_tls else 'imap'}://{self.host}:{self.port}"

    @property
    def mark(self) -> str:
        """Tells this mailbox from any other that was configured before it."""
        return sha256("\0".join((self.host, self.user, self.folder)).encode()).hexdigest()[:16]


class Act(StrEnum):
    LEAVE = "leave"
    SEEN = "seen"
    KEYWORD = "keyword"
    MOVE = "move"


class After(msgspec.Struct, frozen=True):
    """What is done with a mail once the hub has it. `name` is of a keyword or a folder."""

    act: Act
    name: str = ""


def read_account(url: Secret) -> Account:
    """Raises ValueError, whose text holds nothing of the address."""
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    folder = unquote(parts.path.removeprefix("/")) or "INBOX"
    texts = (user, folder, *([password] if password else []))
    if parts.scheme not in PORTS or not parts.hostname or parts.query or not all(map(_PLAIN.fullmatch, texts)):
        raise ValueError(FORM)
    return Account(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        implicit_tls=parts.scheme == "imaps",
        user=user,
        password=Secret(password) if password else None,
        folder=folder,
    )


def read_after(text: str) -> After:
    """`leave`, `seen`, `keyword:<name>` or `move:<folder>`. Raises ValueError."""
    act, _, name = text.partition(":")
    wanted = {Act.KEYWORD: _KEYWORD, Act.MOVE: _PLAIN}.get(act)  # type: ignore[call-overload]
    if act not in set(Act) or (wanted is None and name) or (wanted is not None and not wanted.fullmatch(name)):
        raise ValueError("imap_after: leave, seen, keyword:<name> or move:<folder>")
    return After(Act(act), name)
