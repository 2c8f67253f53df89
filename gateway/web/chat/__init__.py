"""`/chat/{connector}`: customers, connected to the hub itself."""

from gateway.web.chat.door import PREFIX, Chat

__all__ = ["PREFIX", "Chat"]
