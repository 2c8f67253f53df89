"""The token that says who sends: signed by us, and good for an hour at most.

Apple wants one token used for 20 minutes at least, and replaced within 60. Source: developer.apple.com, Establishing a
token-based connection to APNs (read 2026-11).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import jwt

from connectors.channels.apns.config import Config, read_key

LIFE: Final = timedelta(minutes=45)
YOUNG: Final = timedelta(minutes=20)
"""One that is younger is not replaced, whatever Apple says of it."""


class Token(NamedTuple):
    text: str
    made: datetime


class Sender:
    def __init__(self, config: Config, now: Callable[[], datetime]) -> None:
        self._config, self._now = config, now
        self._token: Token | None = None

    def token(self) -> str:
        now = self._now()
        if self._token is None or now - self._token.made >= LIFE:
            self._token = Token(self._signed(now), now)
        return self._token.text

    def outdated(self, token: str) -> bool:
        """Apple says that it is too old: whether another may do, which the next request then carries."""
        if self._token is None or self._token.text != token:
            return True
        if self._now() - self._token.made < YOUNG:
            return False
        self._token = None
        return True

    def _signed(self, now: datetime) -> str:
        claims = {"iss": self._config.team, "iat": int(now.timestamp())}
        key = read_key(self._config.signing_key)
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": self._config.key_id})
