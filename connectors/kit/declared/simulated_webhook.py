"""What a simulated provider understands of a request about its webhook."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from connectors.kit.declared.wire import FORM
from connectors.kit.fixtures import WireRequest


def registered(request: WireRequest, hub_url: str) -> str:
    """The address in a request that sets a webhook; none, where it removes one."""
    kind = request.headers.get("content-type", "")
    values = dict(parse_qsl(request.body.decode())) if kind == FORM else msgspec.json.decode(request.body or b"{}")
    flat = [values] if not isinstance(values, Mapping) else list(values.values())
    return next((each for each in flat if isinstance(each, str) and each.startswith(hub_url)), "")
