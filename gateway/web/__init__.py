"""The hub's own server: one ASGI root. Webhooks and the feed are plain ASGI, all else is the Flask application."""

from gateway.web.root import Root
from gateway.web.server import Server, make_server

__all__ = ["Root", "Server", "make_server"]
