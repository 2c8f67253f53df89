"""How long a listener waits for whom."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds."""

    command: float = 300.0
    """Until a session without a command is ended (RFC 5321 §4.5.3.2.7)."""
    piece: float = 60.0
    """A piece of a message may take …"""
    message: float = 600.0
    """… and the whole."""
    answer: float = 600.0
    """A sender waits for what became of its message (RFC 5321 §4.5.3.2.6)."""
    grace: float = 10.0
    """A message under way has to come in when the listener closes."""
    again: float = 5.0
    """Until a listener that could not be opened is tried again."""
