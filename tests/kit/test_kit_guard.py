"""Which addresses a stranger may make the hub reach."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AF_INET6, AF_UNSPEC

import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st
from raw import answering, serving

from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.guard import GuardedResolver, check_literal, is_public, origin, read_url
from connectors.kit.http import Http
from normalizer.errors import ErrorCode

PUBLIC = ["1.1.1.1", "8.8.8.8", "149.154.167.220", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
INNER = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.1.2.3",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:808:808::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "5f00::1",
    "localhost",
    "127.1",
    "0x7f000001",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_the_one_within_it(address: IPv4Address) -> None:
    number = int(address)
    mapped, nat64 = IPv6Address(0xFFFF << 32 | number), IPv6Address((0x64FF9B << 96) | number)
    assert is_public(str(mapped)) == is_public(str(nat64)) == is_public(str(address))
    assert not is_public(f"::{IPv4Address(number)}")


@given(st.ip_addresses())
def test_nothing_the_standard_library_calls_local_is_public(address: IPv4Address | IPv6Address) -> None:
    local = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    assert not (local and is_public(str(address))) or getattr(ip_address(str(address)), "ipv4_mapped", None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Example.COM/a?b#c", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:443/", "http://example.com:443"),
        ("http://[2606:4700::1111]:8080/x", "http://[2606:4700::1111]:8080"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "/path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://:80/",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://:word@example.com/",
        "http://example.com:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_plain_http_address_is_refused(url: str) -> None:
    with pytest.raises(Refused) as caught:
        read_url(url)
    assert caught.value.code is ErrorCode.MEDIA_UNREACHABLE
    assert "word" not in caught.value.detail


@pytest.mark.parametrize("url", ["https://example.com/%7Ea%2Fb?sig=%2B%3d", "https://example.com/a+b?c=d;e"])
def test_legal_octets_are_kept(url: str) -> None:
    assert str(read_url(url)) == url


def test_no_other_octet_gets_into_a_request_line() -> None:
    assert str(read_url("https://example.com/a b\r\nX: é")) == "https://example.com/a%20bX:%20%C3%A9"


def test_a_literal_is_checked_and_a_name_is_left_to_the_resolver() -> None:
    check_literal(read_url("http://example.com/"))
    check_literal(read_url("http://8.8.8.8/"))
    for url in ("http://127.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]:80/"):
        with pytest.raises(Refused):
            check_literal(read_url(url))


class Names(AbstractResolver):
    """A resolver of its own mind: each look-up of a name gives the next answer."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=AF_UNSPEC):  # noqa: ARG002 - part of the contract
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": AF_INET6 if ":" in address else AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in self.answers.pop(0)
        ]

    async def close(self) -> None:
        pass


def test_only_public_addresses_of_a_name_are_passed_on() -> None:
    resolver = GuardedResolver(Names(["10.0.0.1", "1.1.1.1", "::1"]))
    assert [result["host"] for result in asyncio.run(resolver.resolve("mixed.example", 80))] == ["1.1.1.1"]


def test_a_name_of_inner_addresses_only_is_refused() -> None:
    resolver = GuardedResolver(Names(["127.0.0.1", "::1"]))
    with pytest.raises(Refused, match=r"inner\.example is not a public address"):
        asyncio.run(resolver.resolve("inner.example", 80))


def test_a_name_of_this_machine_is_refused_and_the_same_origin_is_not_once_trusted() -> None:
    async def main() -> None:
        async with serving(answering) as server:
            port = server.url.rpartition(":")[2]
            url = f"http://localhost:{port}/"
            stranger, friend = Http("a"), Http("b", trusted=[f"http://localhost:{port}"])
            with pytest.raises(Refused):
                await stranger.request("GET", url)
            with pytest.raises(Refused):
                async with stranger.stream("GET", server.url, most=10):
                    raise AssertionError("opened")
            assert (await friend.request("GET", url)).body == b"ok"
            await stranger.close()
            await friend.close()
            assert server.lines == ["GET / HTTP/1.1"]

    asyncio.run(main())


@pytest.mark.parametrize(
    "other", ["https://{host}:{port}", "http://{host}:1", "http://localhost:{port}", "http://{host}"]
)
def test_trust_is_of_the_exact_origin(other: str) -> None:
    async def main() -> None:
        async with serving(answering) as server:
            host, port = server.url.removeprefix("http://").split(":")
            http = Http("a", trusted=[other.format(host=host, port=port)])
            with pytest.raises(Refused):
                await http.request("GET", server.url)
            await http.close()
            assert server.lines == []

    asyncio.run(main())


def test_a_trusted_origin_that_is_none_is_the_operators_mistake() -> None:
    with pytest.raises(Misconfigured, match="not an http address"):
        Http("a", trusted=["api.example.com"])


def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    """Looked up once a connection; the connection goes to what was looked at."""
    import aiohttp

    names = Names(["127.0.0.1"], ["127.0.0.1"])

    def sessions(guarded: bool) -> aiohttp.ClientSession:
        assert guarded
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=GuardedResolver(names), ttl_dns_cache=0))

    async def main() -> None:
        async with serving(answering) as server:
            http = Http("a", sessions=sessions)
            for _ in range(2):
                with pytest.raises(Refused):
                    await http.request("GET", server.url.replace("127.0.0.1", "rebinding.example"))
            await http.close()
            assert (server.lines, names.answers) == ([], [])

    asyncio.run(main())
