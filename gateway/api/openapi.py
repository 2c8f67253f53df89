"""OpenAPI 3.1 of the route table. Source: https://spec.openapis.org/oas/v3.1.1.html (read 2026-11)."""

import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from gateway.api.problems import MEDIA_TYPE, ProblemDetails
from gateway.api.route import Route
from normalizer.schema import OPENAPI, model_components

ABOUT = (
    "Receives what customers write on every channel, keeps one ordered history, and carries the answers back."
    " Errors are `application/problem+json` (RFC 9457); `code` says which."
)
ID = {"type": "string", "format": "uuid"}
NAME = {"type": "string"}
BINARY: dict[str, Any] = {}
"""OpenAPI 3.1 says nothing of octets: their media type does."""


@cache
def describe(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The whole document, as plain data."""
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        for method in (route.method, *route.also):
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, method, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "onethread", "version": released(), "description": ABOUT, "license": _license()},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": model_components() | components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `onethread keys create`."}
            },
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The schema of every shape the routes name, and the components these refer to."""
    named = [kind for route in routes for kind in (route.body, route.answer) if kind]
    queries = [route.query for route in routes if route.query]
    kinds = list(dict.fromkeys([ProblemDetails, *named, *queries]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=OPENAPI)
    for query in queries:  # parameters stand where they are asked for; only what they refer to is shared
        components.pop(query.__name__, None)
    return dict(zip(kinds, schemas, strict=True)), components


def _operation(route: Route, method: str, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name if method == route.method else f"{method.lower()}_{route.name.partition('_')[2]}",
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if route.about:
        operation["description"] = route.about
    if route.scope:
        operation["security"] = [{"key": []}]
        operation["description"] = f"{route.about}\n\nScope of the key: `{route.scope}`.".strip()
    if method in ("POST", "PUT", "PATCH") and (route.body or route.body_media):
        schema, media = (schemas[route.body], "application/json") if route.body else (BINARY, route.body_media)
        operation["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": ID if name == "id" else NAME}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    in_query = []
    for name, asked in _properties(route.query).items():
        schema = dict(asked)
        about = schema.pop("description", None)
        in_query.append({"name": name, "in": "query", "schema": schema} | ({"description": about} if about else {}))
    in_header = [
        {"name": name, "in": "header", "description": about, "schema": NAME} for name, about in route.headers.items()
    ]
    return [*in_path, *in_query, *in_header]


def _properties(query: type[msgspec.Struct] | None) -> dict[str, Any]:
    if query is None:
        return {}
    _, components = msgspec.json.schema_components([query], ref_template=OPENAPI)
    return dict(components[query.__name__]["properties"])


def _responses(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answer:
        content["application/json"] = {"schema": schemas[route.answer]}
    for media in route.answer_media:
        content[media] = {"schema": BINARY}
    responses = {str(route.status): {"description": HTTPStatus(route.status).phrase, "content": content}}
    problem = {MEDIA_TYPE: {"schema": schemas[ProblemDetails]}}
    for status in sorted(refusals(route)):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    return responses


def refusals(route: Route) -> set[int]:
    """Every status a route refuses with."""
    found = set(route.errors)
    if route.scope:
        found |= {401, 403}
    if route.body:
        found |= {400, 413, 415, 422}
    if route.query and route.query.__struct_fields__:
        found |= {422}
    if "{id}" in route.path:
        found |= {404}
    return found


def released() -> str:
    """The version of this hub."""
    try:
        return version("onethread")
    except PackageNotFoundError:
        return "0"


def _license() -> dict[str, str]:
    return {"name": "Apache-2.0", "identifier": "Apache-2.0"}
