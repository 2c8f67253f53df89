"""The question with which a provider makes sure of a webhook's address, as WeChat asks it and others after it.

A SHA-1 over a shared word, a time and a nonce proves that the caller knows the word, and nothing of the body; `echostr`
is to be said back. Source: developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html and
open.weibo.com/wiki/Messages_api_start (read 2026-11).
"""

from collections.abc import Mapping
from hashlib import sha1
from typing import Final

from connectors.kit.errors import BadPayload
from connectors.kit.request import Request

ECHO: Final = "echostr"


def signature(*pieces: str) -> str:
    """Over the pieces in the order of their characters, with nothing between them; lower-case hexadecimal digits."""
    return sha1("".join(sorted(pieces)).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def fields(request: Request) -> Mapping[str, str]:
    """Of the query; none where it cannot be read."""
    try:
        return dict(request.query)
    except BadPayload:
        return {}


def echo(request: Request) -> bytes:
    """What the provider wants to hear again."""
    return fields(request).get(ECHO, "").encode("utf-8", "surrogatepass")
