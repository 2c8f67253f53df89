"""Where a customer writes from, as the app that embeds the chat tells it.

A `signed` value came inside something the app's server signed; any other was said by the customer's own device, which
can say anything.
"""

import msgspec


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One word of context, and whether the app's server vouches for it."""

    value: str
    signed: bool = False


class Context(msgspec.Struct, frozen=True, kw_only=True):
    entry: Said | None = None
    """What opened the chat: a button, a link, a notification."""
    page: Said | None = None
    device: Said | None = None
    os: Said | None = None
    app_version: Said | None = None
    order: Said | None = None
    error_code: Said | None = None
    location: Said | None = None
    """In words or as `latitude,longitude`."""
