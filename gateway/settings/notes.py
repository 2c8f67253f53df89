"""What can be used as it stands, and is probably not what was meant."""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway.settings.model import Settings

if TYPE_CHECKING:
    from gateway.settings.model import Connector


def notes(settings: Settings) -> list[str]:
    """A line for each; none shows a value that may be secret."""
    return [*_address(settings.public_url), *_twins(list(settings.connectors.values()))]


def _address(public_url: str) -> Iterator[str]:
    place = urlsplit(public_url)
    if place.scheme == "http" and not _is_inner(place.hostname or ""):
        yield (
            "public_url: most providers call by https only; put a proxy with a certificate before the hub, and write"
            " its address here"
        )


def _is_inner(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))


def _twins(connectors: "list[Connector]") -> Iterator[str]:
    """Providers hold one address to call, and those that are asked give each message once."""
    from connectors.kit.chat import Chats
    from connectors.kit.registry import load

    for first, second in combinations(connectors, 2):
        alike = first.plugin == second.plugin and first.config == second.config
        if alike and not issubclass(load(first.plugin), Chats):  # customers come to each of these by its own address
            yield (
                f"connectors.{second.name}: its settings are those of connectors.{first.name}; the two share what"
                " comes, or one hears nothing: keep one"
            )
