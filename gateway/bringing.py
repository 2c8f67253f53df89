"""A message that a request only says the place of: fetched while the provider waits, and recorded instead of it.

So that success is told after the commit, as always. Where it cannot be fetched now, or not until an operator mends
something, the provider is asked to come again; where it never can, the request itself is quarantined.
"""

import asyncio

from msgspec.structs import replace

from connectors.kit.collects import Brings
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.request import Request
from gateway.arrival import Arrival
from gateway.collecting import collect
from gateway.hub import Hub
from gateway.live import LiveConnector
from gateway.store.writer import Overloaded
from normalizer.inbound import Unreadable

LONGEST = 120.0
"""Seconds for one message. A provider that waits for less comes again, and what was recorded meanwhile is known."""
SHOWN = 16 << 10
"""Octets of a request that stand in quarantine beside the reason."""


async def brought(hub: Hub, connector: LiveConnector, plugin: Brings, request: Request, arrival: Arrival) -> Arrival:
    """What is to be recorded; `arrival` where the request stands for itself. Raises Overloaded, BadSignature."""
    try:
        collected = plugin.elsewhere(request)
        if collected is None:
            return arrival
        async with asyncio.timeout(LONGEST):
            return await collect(hub, connector, collected, request.received_at)
    except BadPayload:
        return arrival  # parsing said so too
    except (Temporary, OutcomeUnknown, Misconfigured, TimeoutError) as error:
        why = f"a message that lies elsewhere was not to be had: {type(error).__name__}: {error}"
        raise Overloaded(why) from error
    except KitError as error:
        key = arrival.inbound[0].key if arrival.inbound else f"raw:{arrival.raw.id}"
        reason = f"the message it stands for cannot be had: {error.detail}"
        return replace(arrival, inbound=[Unreadable(key=key, slice=request.body[:SHOWN], reason=reason)])
