"""Twilio over loopback: the signing, admission and refusing that each channel's simulator adds its own resources to."""

import base64
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

import aiohttp

from connectors.families.twilio.signature import FORM, HEADER, sign
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Failure, LoopbackSimulator, Reply, WireRequest

VERSION: Final = "2010-04-01"
PATH: Final = re.compile(rf"/{VERSION}/Accounts/(?P<account>[^/.]+)(?P<rest>.*)")
HELD: Final = "/held/"
"""Where files really are: at another origin."""
WAIT_SECONDS: Final = 3
POST_SECONDS: Final = 15.0
"""How long Twilio waits for an answer to a webhook."""
SIGNATURE: Final = "X-Twilio-Signature"
CODES: Final[Mapping[int, tuple[int, str]]] = {
    20001: (400, "Bad request"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    14107: (429, "Message send rate limit exceeded"),
    21211: (400, "The 'To' number is not a valid phone number."),
    21212: (400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21215: (400, "Account not authorized to call this number."),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid, SMS-capable phone number for your account."),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers."),
    21609: (400, "The 'StatusCallback' URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21619: (400, "A text message body or media urls must be specified."),
    21620: (400, "Invalid media URL(s)"),
    21621: (400, "The 'From' phone number provided is not enabled for sending MMS."),
    21623: (400, "Number of media files exceeds allowed limit"),
    21655: (400, "The ContentSid is invalid"),
    21656: (400, "The Content Variables parameter is invalid."),
    21703: (400, "The Messaging Service does not have a phone number available to send a message"),
    30002: (400, "Account suspended"),
    30004: (400, "Message blocked"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
}
"""HTTP status and words, by code."""
FORGERIES: Final[Mapping[str, Callable[[Request], Request]]] = {
    "signature dropped": mutate.header_dropped(SIGNATURE),
    "signature emptied": mutate.header_emptied(SIGNATURE),
    "signature changed": mutate.header_flipped(SIGNATURE),
    "signature cut": mutate.header_cut(SIGNATURE),
    "another connector": mutate.path_changed,
    "octet changed": mutate.body_flipped,
    "octet added": mutate.body_extended,
    "field added": mutate.form_field_added("Forged", "yes"),
    "token changed": mutate.query_field_changed("token"),
}
Fields = Sequence[tuple[str, str]]


class Fault(Exception):
    """What the API answers instead of a resource."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def failure(code: int, **headers: str) -> Reply:
    """An answer of the API's own form."""
    status, words = CODES[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Reply.json({"code": code, "message": words, "more_info": more, "status": status}, status, **headers)


def failures(**codes: int) -> Mapping[Failure, Reply]:
    """The failures of every channel, and a channel's own by code."""
    return {
        Failure.RATE_LIMITED: failure(20429, retry_after=str(WAIT_SECONDS)),
        Failure.SERVER_ERROR: failure(20500),
        Failure.UNAUTHORIZED: failure(20003),
        Failure.UNREACHABLE: failure(21211),
        **{Failure(name): failure(code) for name, code in codes.items()},
    }


def forgeries(changed: Sequence[str], dropped: Sequence[str]) -> Mapping[str, Callable[[Request], Request]]:
    """Those of every channel, and of a channel's own fields."""
    return {
        **FORGERIES,
        **{f"{name} changed": mutate.form_field_changed(name) for name in changed},
        **{f"{name} dropped": mutate.form_field_dropped(name) for name in dropped},
    }


def form_of(request: WireRequest) -> dict[str, str]:
    """The first of each name."""
    return dict(reversed(parse_qsl(request.body.decode(), keep_blank_values=True)))


def query_of(request: WireRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.path).query))


class TwilioSimulator(LoopbackSimulator):
    """An account: it signs what it posts, and checks credentials before it answers."""

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "media_origin": self.held}

    @property
    def standing(self) -> str:
        """The account's status."""
        return "active"

    @property
    def held(self) -> str:
        """The origin that files are redirected to: the same machine by another name."""
        return self.url.replace("127.0.0.1", "localhost")

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        return self.signed_body(self.hub_url, payload)

    def signed(self, url: str, fields: Fields) -> WireRequest:
        return self.signed_body(url, urlencode(fields).encode())

    def signed_body(self, url: str, body: bytes, kind: str = FORM) -> WireRequest:
        """A webhook to this address; what stands behind its `#` is neither sent nor signed."""
        url = urldefrag(url).url
        fields = parse_qsl(body.decode(), keep_blank_values=True) if kind == FORM else ()
        signature = sign(Secret(self.config["auth_token"]), url, fields)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return WireRequest("POST", path, {"content-type": kind, HEADER: signature}, body)

    async def post(self, url: str, wire: WireRequest) -> tuple[int, bytes]:
        """Posts a webhook to whoever is at the address's origin."""
        at = urlsplit(url)
        timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{at.scheme}://{at.netloc}{wire.path}", data=wire.body, headers=wire.headers) as answer,
        ):
            return answer.status, await answer.read()

    # --- the API ------------------------------------------------------------------------------------------------------

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(HELD):  # whoever knows the address may fetch; a password has no business here
            media_type, content = self.given_out(path.removeprefix(HELD)) or ("", b"")
            return Reply(200, content, {"content-type": media_type}) if media_type else Reply(404)
        if not self._admitted(request.headers.get("authorization", "")):
            return failure(20003)
        found = PATH.fullmatch(path)
        try:
            if found is None:
                return self.beside(request, path)
            if found["account"] != self.config["account_sid"]:
                raise Fault(20404)
            if found["rest"] == ".json":
                return Reply.json({"friendly_name": "Example Ltd", "status": self.standing, "type": "Full"})
            return self.asked(request, found["rest"])
        except Fault as fault:
            return failure(fault.code)

    @abstractmethod
    def asked(self, request: WireRequest, rest: str) -> Reply:
        """What belongs to the account, by the rest of its path. Raises Fault."""

    @abstractmethod
    def given_out(self, name: str) -> tuple[str, bytes] | None:
        """Media type and octets of a file that is given out."""

    def beside(self, request: WireRequest, path: str) -> Reply:  # noqa: ARG002 - for those who have more
        """What belongs to another product of Twilio's. Raises Fault."""
        raise Fault(20404)

    def redirected(self, name: str) -> Reply:
        """To where a file really is."""
        return Reply(307, headers={"location": f"{self.held}{HELD}{name}"})

    def _admitted(self, header: str) -> bool:
        known = {(self.config["account_sid"], self.config["auth_token"])}
        if self.config.get("key_sid"):
            known.add((self.config["key_sid"], self.config["key_secret"]))
        return header in {"Basic " + base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in known}
