"""What a message says, as a plugin reads it before it is a `MessageReceived`."""

from typing import NamedTuple

from normalizer.inbound import Media
from normalizer.parts import Part


class Content(NamedTuple):
    text: str
    """Never empty: a message without words is said in words of ours, in brackets."""
    parts: tuple[Part, ...] = ()
    media: tuple[Media, ...] = ()
