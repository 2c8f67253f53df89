"""What the API says of connectors."""

from gateway.api.shapes import Given
from normalizer.capability import Capability
from normalizer.model import Time


class PollingInfo(Given, frozen=True, kw_only=True):
    """What is got by asking the provider: a mailbox, updates."""

    well: bool
    """The last poll got through."""
    reason: str | None = None
    remedy: str | None = None
    failing_since: Time | None = None


class ConnectorInfo(Given, frozen=True, kw_only=True):
    name: str
    plugin: str
    channel: str
    inbox: str
    state: str
    """`up`; `paused` for a while; `degraded`: requests do not get through, and one at a time is tried; `down`: nothing
    gets through, or until its settings are mended."""
    reason: str | None
    remedy: str | None
    """What an operator can do."""
    paused_until: Time | None
    polling: PollingInfo | None
    """Null where the provider calls us, or another process asks it."""
    webhook_url: str
    capability: Capability


class ConnectorList(Given, frozen=True, kw_only=True):
    connectors: tuple[ConnectorInfo, ...]
