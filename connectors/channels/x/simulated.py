"""What X knows of apps that an account allowed by OAuth 2.0, and of files that come in pieces."""

import itertools
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from connectors.kit.testing.simulator import Reply, WireRequest


class Allowing:
    """Codes, and tokens of which each renews once. `config` is the connector's."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._numbers = itertools.count(1)
        self._codes: dict[str, dict[str, str]] = {}
        self.access = self.refresh = ""
        """The only ones that are good."""
        self.lasts = 7200
        """Seconds that an access token is good for."""
        self._scope = ""

    def allow(self, url: str) -> str:
        """As somebody does who opens the address and allows what it asks; the address the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{next(self._numbers)}"
        self._codes[code] = asked
        self._scope = asked["scope"]
        return f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'code': code})}"

    def knows(self, header: str) -> bool:
        return bool(self.access) and header == f"Bearer {self.access}"

    def answer(self, request: WireRequest) -> Reply:
        told = dict(parse_qsl(request.body.decode("ascii", "replace")))
        if not self._is_app(request, told):
            return _denied(401, "unauthorized_client", "Missing valid authorization header")
        if told.get("grant_type") == "refresh_token":
            if not self.refresh or told.get("refresh_token") != self.refresh:
                return _denied(400, "invalid_request", "Value passed for the token was invalid.")
        elif not self._is_asked(told):
            return _denied(400, "invalid_request", "Value passed for the authorization code was invalid.")
        number = next(self._numbers)
        self.access, self.refresh = f"access-{number}-nobody-shall-see", f"refresh-{number}-nobody-shall-see"
        given = {"token_type": "bearer", "expires_in": self.lasts, "access_token": self.access}
        return Reply.json({**given, "refresh_token": self.refresh, "scope": self._scope})

    def _is_app(self, request: WireRequest, told: Mapping[str, str]) -> bool:
        secret = self._config.get("client_secret")
        if secret is None:
            return told.get("client_id", "") == str(self._config["client_id"])
        shown = request.headers.get("authorization", "").removeprefix("Basic ")
        try:
            name, _, word = b64decode(shown, validate=True).decode().partition(":")
        except ValueError:
            return False
        return [unquote(name), unquote(word)] == [self._config["client_id"], secret]

    def _is_asked(self, told: Mapping[str, str]) -> bool:
        asked = self._codes.pop(told.get("code", ""), None)
        made = sha256(told.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(made).decode().rstrip("=")
        wanted = (told.get("redirect_uri"), self._config["client_id"], challenge)
        return asked is not None and (asked["redirect_uri"], asked["client_id"], asked["code_challenge"]) == wanted


class Pieces:
    """Puts files together; what is whole goes into `uploads`."""

    def __init__(self, uploads: dict[str, bytes]) -> None:
        self._uploads = uploads
        self._begun: dict[str, tuple[dict[str, Any], dict[int, bytes]]] = {}
        self.asked = 0
        """How often X says that it still works on a file."""
        self.failure = ""
        """Why X cannot use the files."""

    def begin(self, name: str, body: bytes) -> Reply:
        said = msgspec.json.decode(body, type=dict[str, Any])
        if said.keys() != {"media_type", "total_bytes", "media_category"}:
            return Reply(400)
        self._begun[name] = (said, {})
        return Reply.json({"data": {"id": name, "media_key": f"13_{name}", "expires_after_secs": 86400}})

    def answer(self, request: WireRequest, name: str, act: str) -> Reply:
        if name not in self._begun:
            return Reply(404)
        said, pieces = self._begun[name]
        if act == "append":
            number, octets = _piece(request)
            pieces[number] = octets
            return Reply.json({"data": {"expires_at": 1795000000}})
        whole = b"".join(pieces[number] for number in sorted(pieces))
        if len(whole) != said["total_bytes"] or sorted(pieces) != list(range(len(pieces))):
            return Reply(400)
        self._uploads[name] = whole
        return self._told(name, said)

    def status(self, name: str) -> Reply:
        return self._told(name, self._begun[name][0]) if name in self._begun else Reply(404)

    def _told(self, name: str, said: Mapping[str, Any]) -> Reply:
        state: dict[str, Any] = {}
        if self.failure:
            state = {"state": "failed", "error": {"code": 1, "name": "InvalidMedia", "message": self.failure}}
        elif self.asked:
            self.asked -= 1
            state = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 8}
        told = {"id": name, "media_key": f"13_{name}", "size": said["total_bytes"]}
        return Reply.json({"data": told | ({"processing_info": state} if state else {})})


def _piece(request: WireRequest) -> tuple[int, bytes]:
    """Of a multipart body."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    found: dict[str, bytes] = {}
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, octets = part.strip(b"\r\n").partition(b"\r\n\r\n")
        found[head.partition(b'name="')[2].partition(b'"')[0].decode()] = octets
    return int(found["segment_index"]), found["media"]


def _denied(status: int, error: str, words: str) -> Reply:
    return Reply.json({"error": error, "error_description": words}, status)
