"""Access tokens that end: asked for when they are needed, kept in the process until they end or are refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.kit.declared.fields import optional
from connectors.kit.declared.language import Login
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.wire import Wire
from connectors.kit.errors import BadPayload, Misconfigured, Temporary
from connectors.kit.http import Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

EARLY: Final = 60
"""Seconds before its end that a token is taken for ended."""
LONGEST: Final = 86_400 * 30
LONGEST_TOKEN: Final = 8192
_ANY: Final = msgspec.json.Decoder(Any)


@dataclass
class Kept:
    """The token of one connector."""

    now: Callable[[], datetime]
    token: str | None = None
    ends: datetime | None = None

    def forget(self, token: str) -> None:
        """Unless another was asked for meanwhile."""
        if self.token == token:
            self.token = self.ends = None


class Logins:
    """How a declaration asks for tokens. Raises ValueError where it cannot work."""

    def __init__(self, login: Login, known: frozenset[str]) -> None:
        self._wire = Wire(login, known)
        self._token = Path(login.token)
        self._lasts = Path(login.lasts) if isinstance(login.lasts, str) else login.lasts
        self._again = frozenset(map(str, login.again))

    async def token(self, http: Http, settings: Mapping[str, Any], kept: Kept) -> tuple[str, bool]:
        """The token, and whether it was asked for just now. Raises Temporary, Misconfigured."""
        if kept.token is not None and kept.ends is not None and kept.now() < kept.ends:
            return kept.token, False
        kept.token = kept.ends = None
        answer = await self._wire.request(http, settings, reads=True)
        if answer.status == 429 or answer.status >= 500:
            raise Temporary(f"no access token: HTTP status {answer.status}", code=ErrorCode.PROVIDER_DOWN)
        try:
            tree = bounded(decode(answer.body, _ANY)) if answer.status < 300 else None
            token = self._token(tree) if tree is not None else None
        except BadPayload:
            token = None
        if not isinstance(token, str) or not token.isprintable() or not 0 < len(token) <= LONGEST_TOKEN:
            raise Misconfigured(
                f"no access token for these credentials: HTTP status {answer.status}; check them",
                code=ErrorCode.AUTH_FAILED,
                provider_code=str(answer.status),
            )
        kept.token, kept.ends = token, kept.now() + timedelta(seconds=self._seconds(tree))
        return token, True

    def ended(self, told: str | None) -> bool:
        """Whether a status or a code says that the token holds no longer."""
        return told in self._again

    def _seconds(self, tree: Any) -> float:
        try:
            told = self._lasts if isinstance(self._lasts, int) else optional(self._lasts(tree), "the time it lasts")
        except BadPayload:
            told = None
        seconds = int(told) if told is not None and str(told).isascii() and str(told).isdigit() else 0
        return max(min(seconds, LONGEST) - EARLY, 0)
