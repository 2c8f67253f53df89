"""`/in/{connector}` for any WSGI server. The hub's own server has a leaner door (`gateway.web.door`)."""

from urllib.parse import quote

from flask import request

from connectors.kit.request import Request
from gateway.api.problems import not_found
from gateway.api.route import BELOW, Answer, Call
from gateway.ids import new_id
from gateway.live import above
from gateway.peers import asker
from gateway.receive import receive_blocking
from gateway.store.times import now


def take(call: Call) -> Answer:
    """What the provider hears, after the commit."""
    hub = call.hub
    name, more = call.path["connector"], call.path.get(BELOW)
    connector = hub.connectors.get(name) if more is None else above(hub.connectors, f"{name}/{more}")
    if connector is None:
        raise not_found("connector")
    request.max_content_length = hub.settings.limits.body
    response = receive_blocking(
        hub,
        connector,
        Request(
            method=request.method,
            url=hub.settings.public_url + _target(request.environ),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(cache=False),
            received_at=now(),
            raw=new_id(),
            peer=asker(request.remote_addr or "", request.headers.get("X-Forwarded-For"), hub.settings.proxies),
        ),
    )
    return Answer(content=response.body, status=response.status, headers=response.headers)


def _target(environ: dict[str, str]) -> str:
    """Path and query as they came; servers that keep only the decoded path have it quoted again."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw and raw.startswith("/"):
        return raw
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"))
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path
