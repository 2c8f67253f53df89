"""The Flask application: serves the route table, and turns every failure into a problem."""

from functools import cache, partial
from typing import Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from gateway.api.admission import admit
from gateway.api.problems import Code, Problem, overloaded, too_large
from gateway.api.reading import read_json, read_query
from gateway.api.route import BELOW, Answer, Call, Route
from gateway.api.routes import ROUTES
from gateway.hub import Hub
from gateway.tracing import new_trace, trace_of
from gateway.waiting import TROUBLE
from normalizer.codec import encode

log = structlog.get_logger()
MOST_JSON = 1 << 20
"""Octets of a JSON body."""
REFUSALS = {
    400: (Code.MALFORMED, "the request cannot be read"),
    404: (Code.NOT_FOUND, "nothing is served at this path; an id in it is a UUID, as the API gives it"),
    405: (Code.METHOD_NOT_ALLOWED, "served here: {allow}"),
    408: (Code.SLOW, "the request did not come in time"),
    415: (Code.UNSUPPORTED_MEDIA_TYPE, "this media type is not taken here"),
    416: (Code.INVALID, "the file has no such part"),
}
"""What is said where the framework refuses, in our words."""
TELLING = ("allow", "content-range", "retry-after")
"""Headers of the framework's refusals that are passed on."""
ALWAYS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


def create_app(hub: Hub) -> Flask:
    """The application on a hub. Its hub is started and stopped by whoever serves it."""
    app = Flask("gateway.api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_JSON
    app.url_map = _paths()
    app.view_functions = {route.name: partial(_serve, hub, route) for route in ROUTES}
    app.before_request(_begin)
    app.teardown_request(_end)
    app.register_error_handler(Problem, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    for trouble in TROUBLE:
        app.register_error_handler(trouble, _put_off)
    app.register_error_handler(Exception, _fail)
    return app


@cache
def _paths() -> Map:
    """The table's paths, which are costly to compile: once for all hubs of a process."""
    rules = [
        Rule(path, endpoint=route.name, methods=[route.method, *route.also], strict_slashes=True)
        for route in ROUTES
        for path in _paths_of(route)
    ]
    return Map(rules, merge_slashes=False)


def _paths_of(route: Route) -> tuple[str, ...]:
    path = route.path.replace("{id}", "<uuid:id>").replace("{", "<").replace("}", ">")
    return (path, f"{path}/<path:{BELOW}>") if route.below else (path,)


def _serve(hub: Hub, route: Route, **path: Any) -> Response:
    key = admit(hub.engine, request.headers.get("Authorization"), route.scope) if route.scope else None
    call = Call(
        hub=hub,
        key=key,
        path={name: str(value) for name, value in path.items()},
        query=read_query(request.args, route.query) if route.query else None,
        body=read_json(request.content_type, request.get_data(cache=False), route.body) if route.body else None,
        headers=request.headers,
        peer=request.remote_addr or "",
    )
    return _answer(route, route.do(call))


def _answer(route: Route, given: Any) -> Response:
    if not isinstance(given, Answer):
        return Response(encode(given), route.status, ALWAYS, content_type="application/json")
    if isinstance(given.content, Response):
        given.content.headers.update(given.headers)
        given.content.headers.pop("date", None)  # every server says it by itself
        return given.content
    return Response(given.content, given.status, given.headers)


def _begin() -> None:
    """Every line logged for a request bears its trace id: the caller's, where it sent one."""
    structlog.contextvars.bind_contextvars(trace_id=trace_of(request.headers.get("traceparent")) or new_trace())


def _end(_: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()


def _refuse(problem: Problem) -> Response:
    return Response(problem.body, problem.status, ALWAYS | problem.headers)


def _refuse_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 413:
        return _refuse(too_large(request.max_content_length or 0))
    headers = {name.lower(): value for name, value in error.get_headers() if name.lower() in TELLING}
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    code, sentence = REFUSALS.get(status, (Code.INVALID, error.name.lower()))
    return _refuse(Problem(status, code, sentence.format_map(headers), headers=headers))


def _put_off(error: Exception) -> Response:
    log.error("put off", path=_path(), reason=str(error))
    return _refuse(overloaded("the store is busy; nothing was changed; come again"))


def _fail(error: Exception) -> Response:
    log.error("failed", path=_path(), exc_info=error)
    trace_id = structlog.contextvars.get_contextvars().get("trace_id")
    return _refuse(
        Problem(500, Code.INTERNAL, "something failed; the operator finds it by trace_id", trace_id=trace_id)
    )


def _path() -> str:
    """For the log: without what stands in for the rest of a path, which may prove who called."""
    rest = (request.view_args or {}).get(BELOW)
    return request.path.removesuffix(rest) if rest else request.path
