"""Who asked: at both doors a provider is known by the address it calls from, whatever it writes into its headers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import requests

from gateway.api.app import create_app
from gateway.hub import Hub
from gateway.peers import asker
from gateway.settings.loading import load
from gateway.web.chat.asking import peer_of
from tests.web.parrot import PUBLIC, running, serving

WORD = "word-of-the-gateway-0000000001"
PATH = f"/in/gateway?secret={WORD}"
PROVIDER, FORGER = "203.0.113.7", "198.51.100.66"
Knock = Callable[..., int]


@contextmanager
def door(folder: Path, kind: str, proxies: int, *callers: str) -> Iterator[Knock]:
    """What a gateway that calls from this machine hears, with these headers."""
    connector = {
        "plugin": "generic_http",
        "api_base": "http://127.0.0.1:1",
        "auth_value": "Bearer of-nobody-0000000001",
        "webhook_secret": WORD,
        "callers": callers,
    }
    whole = {
        "public_url": PUBLIC,
        "store": "sqlite:///hub.db",
        "files": "./files",
        "proxies": proxies,
        "connectors": {"gateway": connector},
    }
    (folder / "onethread.yaml").write_bytes(msgspec.json.encode(whole))
    hub = Hub(load(folder / "onethread.yaml", {}))
    form = {"from": "447700900222", "text": "hello"}
    if kind == "wsgi":
        with running(hub):
            client = create_app(hub).test_client()
            yield lambda *told: client.post(PATH, data=form, headers=list(told)).status_code
    else:
        with serving(hub) as served:
            yield lambda *told: requests.post(served.url + PATH, form, headers=dict(told), timeout=20).status_code


@pytest.fixture(params=["own server", "wsgi"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def forwarded(*addresses: str) -> tuple[str, str]:
    return "X-Forwarded-For", ", ".join(addresses)


def test_who_calls_from_another_address_is_refused_whatever_it_says_of_itself(tmp_path: Path, kind: str) -> None:
    with door(tmp_path, kind, 0, PROVIDER) as knock:
        assert [knock(), knock(forwarded(PROVIDER)), knock(forwarded(PROVIDER, PROVIDER))] == [403, 403, 403]


def test_who_calls_from_a_listed_address_is_heard(tmp_path: Path, kind: str) -> None:
    with door(tmp_path, kind, 0, "127.0.0.0/8") as knock:
        assert [knock(), knock(forwarded(FORGER))] == [200, 200]


def test_behind_a_proxy_that_is_believed_only_its_own_word_counts(tmp_path: Path, kind: str) -> None:
    with door(tmp_path, kind, 1, PROVIDER) as knock:
        assert knock(forwarded(PROVIDER)) == 200
        assert knock(forwarded(FORGER, PROVIDER)) == 200
        assert knock(forwarded(PROVIDER, FORGER)) == 403
        assert knock(forwarded(PROVIDER, "unknown")) == 403
        assert knock() == 403


@pytest.mark.parametrize(
    ("told", "proxies", "who"),
    [
        (None, 0, "10.0.0.1"),
        ("192.0.2.1", 0, "10.0.0.1"),
        (None, 1, "10.0.0.1"),
        ("192.0.2.1", 1, "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", 1, "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.2", 2, "192.0.2.1"),
        ("192.0.2.1", 2, "192.0.2.1"),
        (" , 192.0.2.1 ,", 1, "192.0.2.1"),
    ],
)
def test_each_believed_proxy_is_one_step_further_away(told: str | None, proxies: int, who: str) -> None:
    assert asker("10.0.0.1", told, proxies) == who


def test_a_proxy_that_adds_a_header_of_its_own_has_the_last_word() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"192.0.2.1")]
    assert peer_of({"client": ("10.0.0.1", 1), "headers": headers}, 1) == "192.0.2.1"
