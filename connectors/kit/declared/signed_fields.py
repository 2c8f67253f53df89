"""Hashes over the fields of a form, which stand in one of its fields."""

import hmac
from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

from connectors.kit.declared import language
from connectors.kit.declared.checks import Scheme, Value, check_time, equal
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request

Fields = list[tuple[str, str]]


class BySignedFields(Scheme):
    def __init__(self, declared: language.SignedFields) -> None:
        self._declared = declared
        self.settings = (declared.key,)

    def check(self, request: Request, value: Value) -> None:
        fields = _fields(request)
        told = [text for name, text in fields if name == self._declared.field]
        if not told:
            raise BadSignature(f"no {self._declared.field}", missing=True)
        if len(told) > 1 or not equal(told[0].lower(), self._signature(fields, value)):
            raise BadSignature("not signed with this key")
        times = [text for name, text in fields if name == self._declared.timestamp]
        check_time(times[0] if len(times) == 1 else "", request, self._declared.tolerance)

    def presented(self, request: Request, value: Value) -> Request:
        names = (self._declared.field, self._declared.timestamp)
        fields = [(name, text) for name, text in _fields(request) if name not in names]
        fields.append((self._declared.timestamp, str(int(request.received_at.timestamp()))))
        fields.append((self._declared.field, self._signature(fields, value)))
        if request.method == "GET":
            return replace(request, url=urlunsplit(urlsplit(request.url)._replace(query=urlencode(fields))))
        return replace(request, body=urlencode(fields).encode())

    def _signature(self, fields: Fields, value: Value) -> str:
        others = sorted((name, text) for name, text in fields if name != self._declared.field)
        signed = "".join(f"&{name}={text.replace('&', '_').replace('=', '_')}" for name, text in others)
        key = value(self._declared.key).encode()
        return hmac.new(key, signed.encode("utf-8", "surrogatepass"), self._declared.algorithm).hexdigest()


def _fields(request: Request) -> Fields:
    try:
        return request.query if request.method == "GET" else request.form
    except BadPayload:  # of what is no form, no fields were signed
        return []
