"""What of a body says what a subscription is."""

from typing import Any

from msgspec import UNSET

from connectors.kit.errors import Refused
from connectors.kit.guard import check_literal, read_url
from gateway.api.problems import invalid
from gateway.api.subscription_shapes import NewSubscription, SubscriptionChange
from gateway.relay import defining
from gateway.relay.defining import Misdefined
from gateway.settings.model import Settings
from gateway.settings.subscribing import SubscriptionEntry

NO_PART = ("name", "state", "position")
"""What of a body says something else."""


def definition(body: NewSubscription | SubscriptionChange) -> dict[str, Any]:
    """The fields of an entry that are given."""
    found = {name: getattr(body, name) for name in body.__struct_fields__ if name not in NO_PART}
    return {name: value for name, value in found.items() if value is not UNSET}


def entry_made(body: NewSubscription, settings: Settings) -> tuple[SubscriptionEntry, str | None]:
    """The entry, and the secret where one had to be made. Raises Problem."""
    try:
        entry, secret = defining.made(definition(body), settings)
    except Misdefined as error:
        raise invalid(error.path, error.message) from error
    return _reachable(entry), secret


def entry_changed(
    before: SubscriptionEntry, body: SubscriptionChange, settings: Settings, *, trusted: bool
) -> SubscriptionEntry:
    """The entry as it would be. Raises Problem."""
    try:
        entry = defining.changed(before, definition(body), settings)
    except Misdefined as error:
        raise invalid(error.path, error.message) from error
    return entry if trusted else _reachable(entry)


def _reachable(entry: SubscriptionEntry) -> SubscriptionEntry:
    """Raises Problem for an address in a private network: whoever has a key is not yet whoever runs the machine."""
    if entry.webhook is not None:
        try:
            check_literal(read_url(entry.webhook))
        except Refused as error:
            told = "put such a webhook into the configuration file, or make it by `onethread subscriptions create`"
            raise invalid("webhook", f"{error.detail}: {told}") from error
    return entry
