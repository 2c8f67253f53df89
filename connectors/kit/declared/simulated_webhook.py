"""What a simulated provider understands of a request about its webhook."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from connectors.kit.declared.wire import FORM
from connectors.kit.fixtures import WireRequest
from connectors.kit.nested import within


def registered(request: WireRequest, hub_url: str) -> str:
    """The address in a request that sets a webhook, however deep, of this hub or else another; none, where it goes."""
    kind = request.headers.get("content-type", "")
    level: list[Any] = [
        dict(parse_qsl(request.body.decode())) if kind == FORM else msgspec.json.decode(request.body or b"{}")
    ]
    told: list[str] = []
    while level:
        told += [each for each in level if isinstance(each, str)]
        level = [inner for each in level for inner in within(each)]
    ours = [each for each in told if each.startswith(hub_url)]
    return next(iter(ours or [each for each in told if "://" in each and "/in/" in each]), "")
