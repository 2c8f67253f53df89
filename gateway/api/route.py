"""A row of the route table, and what its function is called with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from werkzeug.datastructures import Headers

from gateway.api.shapes import NoQuery
from gateway.hub import Hub
from gateway.keys import UNNAMED, KeyInfo, Scope
from normalizer.model import Author, AuthorKind

BELOW = "below"
"""The rest of a path under the one of its route."""


@dataclass(frozen=True)
class Call:
    """One request, read and admitted. `query` and `body` have the shapes its route names."""

    hub: Hub
    key: KeyInfo | None
    """None where the route asks for no key, or was opened by a signed link."""
    path: Mapping[str, str]
    query: Any
    body: Any
    headers: Headers
    """By any spelling of their names."""
    peer: str = ""
    """Address of who called."""

    @property
    def id(self) -> str:
        """The `{id}` of the path, in its one spelling."""
        return self.path["id"]

    @property
    def principal(self) -> KeyInfo:
        """Of a route that asks for a key."""
        assert self.key is not None
        return self.key

    @property
    def author(self) -> Author:
        """Who writes where the command names nobody."""
        name = self.principal.name
        return Author(kind=AuthorKind.AGENT, name=None if name == UNNAMED else name)


@dataclass(frozen=True)
class Answer:
    """A response that is no JSON of a value."""

    content: Any
    """Bytes, or a response of Flask's own."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Route:
    method: str
    path: str
    """As OpenAPI writes it. `{id}` takes a UUID; anything else is not found."""
    do: Callable[[Call], Any]
    """Gives the value of `answer`, or an Answer; raises Problem."""
    scope: Scope | None
    """What the key must have; None: no key is asked for, or the function asks by itself."""
    summary: str
    about: str = ""
    query: type[msgspec.Struct] | None = NoQuery
    """None: it takes any parameters, and reads them itself."""
    body: Any = None
    """The struct of its JSON body."""
    body_media: str | None = None
    """Where the body is no JSON: `do` reads it itself, and this is what OpenAPI says."""
    answer: Any = None
    """The struct of its JSON answer."""
    answer_media: tuple[str, ...] = ()
    """What else it may answer."""
    status: int = 200
    errors: tuple[int, ...] = ()
    """Beyond those that follow from scope, body, query and id."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers it reads, with what they are for."""
    also: tuple[str, ...] = ()
    """Further methods of the same."""
    plain_asgi: bool = False
    """Under the hub's own server something leaner answers this path."""
    below: bool = False
    """What is below its path is its, too; of such a request the rest of the path is `Call.path[BELOW]`."""

    @property
    def name(self) -> str:
        """Unique in the table; OpenAPI's operationId."""
        words = [word.strip("{}").replace(".", "_") for word in self.path.split("/") if word not in ("", "v1")]
        return "_".join([self.method.lower(), *words])
