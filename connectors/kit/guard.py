"""The guard before every address the operator did not configure: only public unicast hosts may be reached.

Addresses in messages, media links and redirects are chosen by strangers, who could point them at the hub's own network.
The guard looks at the URL (scheme, user info, literal addresses) and then at every address a name resolves to; the
connection goes to exactly the addresses looked at, so a name that changes its mind afterwards gains nothing.

What it refuses is `Refused(media_unreachable)`: repeating helps nobody, and nobody's credentials are at fault.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from socket import AddressFamily
from urllib.parse import urljoin

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address reached."""
INNER: tuple[IPv4Network | IPv6Network, ...] = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, RFC 6890; clouds answer here too
    IPv4Network("168.63.129.16/32"),  # Azure answers its machines here, under a public number
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, RFC 7526
    IPv6Network("2001::/32"),  # Teredo, RFC 4380: hides an IPv4 address
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


def is_public(text: str) -> bool:
    """Whether an IP address in text form is public unicast, also inside its mapped, 6to4 and NAT64 forms."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return _is_public_v6(address)
    return _is_public_v4(address)


def _is_public_v4(address: IPv4Address) -> bool:
    barred = address.is_multicast or address.is_reserved or any(address in network for network in INNER)
    return address.is_global and not barred


def _is_public_v6(address: IPv6Address) -> bool:
    if address in NAT64:
        return _is_public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is not None:
        return _is_public_v4(embedded)
    barred = any(address in network for network in INNER)
    return address in GLOBAL_UNICAST and address.is_global and not barred


def origin(url: str) -> str:
    """`origin_of` a URL in text form. Raises Refused."""
    return origin_of(read_url(url))


@lru_cache(256)
def origin_of(url: URL) -> str:
    """`https://host:port` in lower case, the port written only where it is not the scheme's own."""
    return str(url.origin()).lower()


def read_url(url: str) -> URL:
    """The parsed URL, its octets kept as they are where they are legal. Raises Refused: no http(s), or user info."""
    legal = url.isascii() and url.isprintable() and " " not in url
    try:
        parsed = URL(url, encoded=legal)
        usable = parsed.scheme in ("http", "https") and bool(parsed.raw_host) and parsed.port is not None
    except ValueError:
        usable = False
    if not usable:
        raise Refused("not an http address", code=ErrorCode.MEDIA_UNREACHABLE)
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise Refused("an address with user info is not used", code=ErrorCode.MEDIA_UNREACHABLE)
    return parsed


def turned(url: URL, target: str) -> URL:
    """Where a redirect of `url` leads. Raises Refused."""
    try:
        absolute = urljoin(str(url), target)
    except ValueError:
        absolute = ""
    return read_url(absolute)


def check_literal(url: URL) -> None:
    """Raises Refused where the host is a literal address that is not public. Names are checked when they resolve."""
    host = url.raw_host or ""
    try:
        ip_address(host)
    except ValueError:
        return
    if not is_public(host):
        raise Refused(f"{host} is not a public address", code=ErrorCode.MEDIA_UNREACHABLE)


class GuardedResolver(AbstractResolver):
    """Passes on the public addresses of a name only. Raises Refused where it has none."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        found: Sequence[ResolveResult] = await self._inner.resolve(host, port, family)
        public = [result for result in found if is_public(result["host"])]
        if not public:
            raise Refused(f"{host} is not a public address", code=ErrorCode.MEDIA_UNREACHABLE)
        return public

    async def close(self) -> None:
        await self._inner.close()
