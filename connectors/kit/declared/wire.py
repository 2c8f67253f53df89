"""A declared request: from values to method, address, headers and body."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from connectors.kit.declared.language import Ask, Backfill, Check, Login, Send, Templates
from connectors.kit.declared.schemes import basic
from connectors.kit.declared.signers import Asking, Signer
from connectors.kit.declared.templates import Template, Tree, named_in
from connectors.kit.declared.xml_tree import written
from connectors.kit.http import Answer, Http

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
XML: Final = "application/xml; charset=utf-8"
TOKEN: Final = "access_token"  # noqa: S105 - a name
MOST_ANSWER: Final = 1 << 20
"""Octets."""


PARTS: Final = ("url", "headers", "basic", "query", "form", "json", "xml")
"""Of a request, those that have texts with names in them."""


class Wire:
    """Raises ValueError where the declaration cannot work."""

    def __init__(self, declared: Send | Login | Check | Ask | Backfill | Templates, known: frozenset[str]) -> None:
        self._method = declared.method
        self.names = named_in([getattr(declared, part) for part in PARTS])
        """Of all that its texts name."""
        self._url = Template(declared.url, known)
        self._headers, self._query = Tree(declared.headers, known), Tree(declared.query, known)
        self._form = Tree(declared.form, known) if declared.form is not None else None
        self._json = Tree(declared.json, known) if declared.json is not None else None
        self._xml = Tree(declared.xml, known) if declared.xml is not None else None
        self._basic = Tree([declared.basic.user, declared.basic.password], known) if declared.basic else None

    @property
    def wants_token(self) -> bool:
        return TOKEN in self.names

    async def signed(
        self,
        http: Http,
        values: Mapping[str, Any],
        signer: Signer,
        at: datetime,
        *,
        reads: bool = False,
        most: int = MOST_ANSWER,
    ) -> Answer:
        """What is no send has no token of its own, and gets one that nobody had. Raises as Http does."""
        headers, body = self._content(values)
        asking = Asking(self._method, self.address(values), headers, body or b"")
        headers = signer.signed(
            asking, at, str(values.get("token") or secrets.token_hex(16)), lambda name: str(values[name])
        )
        return await http.request(self._method, asking.url, headers=headers, body=body, reads=reads, most=most)

    async def request(
        self,
        http: Http,
        values: Mapping[str, Any],
        *,
        reads: bool = False,
        most: int = MOST_ANSWER,
        at: str | None = None,
    ) -> Answer:
        """At another address than the declared one, where one is given. Raises as Http does."""
        headers, body = self._content(values)
        url = self.address(values) if at is None else at
        return await http.request(self._method, url, headers=headers, body=body, reads=reads, most=most)

    def address(self, values: Mapping[str, Any]) -> str:
        query = self._query(values) or {}
        return f"{self._url.address(values)}{'?' if query else ''}{urlencode(query, quote_via=quote)}"

    def _content(self, values: Mapping[str, Any]) -> tuple[dict[str, str], bytes | None]:
        headers = {name.lower(): str(value) for name, value in (self._headers(values) or {}).items()}
        if self._basic is not None:
            headers["authorization"] = basic(*map(str, self._basic(values)))
        if self._json is not None:
            return {"content-type": JSON, **headers}, msgspec.json.encode(self._json(values))
        if self._xml is not None:
            return {"content-type": XML, **headers}, written(self._xml(values))
        if self._form is not None:
            return {"content-type": FORM, **headers}, urlencode(self._form(values) or {}, doseq=True).encode()
        return headers, None
