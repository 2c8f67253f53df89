"""Standard Webhooks: a keyed hash over the delivery's name, its moment and the body, in three headers.

Source: github.com/standard-webhooks/standard-webhooks, the specification (read 2026-11). Signatures by key pairs
(`v1a`) are not read.
"""

import base64
import hmac
from dataclasses import replace
from hashlib import sha256
from typing import Final

from connectors.kit.declared import language
from connectors.kit.declared.checks import Scheme, Value, check_time, equal
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
PREFIX: Final = "whsec_"
"""Stands before the key, which is octets in base64."""
VERSION: Final = "v1,"
MOST_SIGNATURES: Final = 20


class ByStandardWebhooks(Scheme):
    def __init__(self, declared: language.StandardWebhooks) -> None:
        self._declared = declared
        self.settings = (declared.key,)

    def check_settings(self, value: Value) -> None:
        self._key(value)

    def check(self, request: Request, value: Value) -> None:
        told = request.headers.get(SIGNATURE)
        if told is None:
            raise BadSignature(f"no {SIGNATURE}", missing=True)
        ours = self._signature(request, value)
        fits = [equal(each, ours) for each in told.split()[:MOST_SIGNATURES]]  # all are compared, whichever fits
        if not request.headers.get(ID) or not any(fits):
            raise BadSignature("not signed with this key")
        check_time(request.headers.get(TIMESTAMP, ""), request, self._declared.tolerance)

    def presented(self, request: Request, value: Value) -> Request:
        name = sha256(request.body + request.url.encode()).hexdigest()[:20]
        marks = {ID: f"msg_{name}", TIMESTAMP: str(int(request.received_at.timestamp()))}
        request = replace(request, headers={**request.headers, **marks})
        return replace(request, headers={**request.headers, SIGNATURE: self._signature(request, value)})

    def _signature(self, request: Request, value: Value) -> str:
        key = self._key(value)
        marks = [request.headers.get(name, "").encode("utf-8", "surrogatepass") for name in (ID, TIMESTAMP)]
        signed = b".".join((*marks, request.body))
        return VERSION + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

    def _key(self, value: Value) -> bytes:
        """Raises ValueError."""
        try:
            key = base64.b64decode(value(self._declared.key).removeprefix(PREFIX), validate=True)
        except ValueError:
            key = b""
        if not key:  # of no octets, everybody has it
            raise ValueError(f"{self._declared.key}: no key in base64")
        return key
