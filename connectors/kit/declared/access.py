"""How the requests of one connector are let in: as they are, signed, or with a token of `login`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.kit.declared.answers import first_word
from connectors.kit.declared.language import Channel
from connectors.kit.declared.logins import Kept, Logins
from connectors.kit.declared.paths import Path, bounded
from connectors.kit.declared.signers import signer
from connectors.kit.declared.wire import MOST_ANSWER, TOKEN, Wire
from connectors.kit.errors import BadPayload, Misconfigured
from connectors.kit.http import Answer, Http
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

KNOWN_TO_LOGIN: Final = frozenset({"webhook_url"})
"""What a request for a token may name besides settings."""
_ANY: Final = msgspec.json.Decoder(Any)


class Admission:
    """What a declaration says of it. Raises ValueError where that cannot work."""

    def __init__(self, channel: Channel) -> None:
        send, known = channel.send, KNOWN_TO_LOGIN | channel.settings.keys()
        self.login = Logins(send.login, known) if send.login is not None else None
        self.signer = signer(send.sign) if send.sign is not None else None
        self._codes_at = [Path(each) for each in send.error.code]

    def code(self, answer: Answer) -> str | None:
        """The code of an answer in JSON, where it has one."""
        try:
            return first_word(self._codes_at, bounded(decode(answer.body, _ANY)))
        except BadPayload:
            return None


def asked_with(channel: Channel) -> frozenset[str]:
    """What requests besides sending may name: settings, and the token where there is a `login`."""
    return frozenset(channel.settings) | (frozenset({TOKEN}) if channel.send.login is not None else frozenset())


class Access:
    """`settings` gives the connector's own as plain values, `now` the hub's clock."""

    def __init__(self, admission: Admission, http: Http, settings: Callable[[], Mapping[str, Any]], kept: Kept) -> None:
        self._admission = admission
        self._settings = settings
        self._kept = kept
        self.http = http

    @property
    def settings(self) -> Mapping[str, Any]:
        return self._settings()

    def now(self) -> datetime:
        return self._kept.now()

    async def ask(
        self,
        wire: Wire,
        values: Mapping[str, Any],
        *,
        reads: bool = False,
        most: int = MOST_ANSWER,
        code: Callable[[Answer], str | None] | None = None,
        at: str | None = None,
    ) -> Answer:
        """The answer; where it refuses a kept token, that to the same request with a new one, which is safe as it was
        not taken. `code` finds an answer's code; `at` is another address than the declared one, for requests that are
        not signed. Raises as Http does, and as `token`."""
        if self._admission.signer is not None:
            return await wire.signed(
                self.http, values, self._admission.signer, self._kept.now(), reads=reads, most=most
            )
        if self._admission.login is None or not wire.wants_token:
            return await wire.request(self.http, values, reads=reads, most=most, at=at)
        for _ in range(2):
            token, fresh = await self.token()
            answer = await wire.request(self.http, {**values, TOKEN: token}, reads=reads, most=most, at=at)
            if not self.lapsed(token, str(answer.status), (code or self._admission.code)(answer)):
                return answer
            if fresh:
                break
        raise refused_token(str(answer.status))

    async def token(self) -> tuple[str, bool]:
        """A token of `login`, and whether it was asked for just now. Raises Temporary, Misconfigured."""
        if self._admission.login is None:
            raise Misconfigured("no login is declared", code=ErrorCode.AUTH_FAILED)
        return await self._admission.login.token(self.http, self.settings, self._kept)

    def lapsed(self, token: str, *told: str | None) -> bool:
        """Whether an answer with one of these statuses and codes refuses the token, which is forgotten then."""
        login = self._admission.login
        ended = login is not None and any(map(login.ended, told))
        if ended:
            self._kept.forget(token)
        return ended


def refused_token(status: str) -> Misconfigured:
    return Misconfigured(
        "a new access token was refused; check the credentials and what they allow",
        code=ErrorCode.AUTH_FAILED,
        provider_code=status,
    )
