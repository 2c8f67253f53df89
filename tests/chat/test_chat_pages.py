"""What pages may ask, how often anybody may, and the page itself."""

import time
from pathlib import Path

import msgspec
import pytest
import requests
from websockets.exceptions import InvalidStatus

from normalizer.hours import Hours
from tests.chat.talk import PATIENCE, Device, by, chatting, live, make_hub, send, session, token
from tests.web.parrot import Served, bearer, serving

PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


def test_pages_of_admitted_origins_may_ask(served: Served) -> None:
    origin = {"Origin": "https://app.example.com"}
    asked = requests.options(f"{served.url}/chat/app/send", headers=origin | PREFLIGHT, timeout=PATIENCE)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert asked.headers["vary"] == "origin"
    begun = session(served, **origin)
    assert begun.headers["access-control-allow-origin"] == "https://app.example.com"
    refused = session(served, **origin, **by("x"))
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://app.example.com")
    own = session(served, Origin=served.url)
    assert own.headers["access-control-allow-origin"] == served.url


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com"]
)
def test_pages_of_other_origins_are_refused(served: Served, origin: str) -> None:
    asked = requests.options(f"{served.url}/chat/app/send", headers={"Origin": origin, **PREFLIGHT}, timeout=PATIENCE)
    begun = session(served, Origin=origin)
    for refused in (asked, begun):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert "access-control-allow-origin" not in refused.headers
    with pytest.raises(InvalidStatus) as error, Device(served.url, token(), Origin=origin):
        pass
    assert error.value.response.status_code == 403


def test_who_says_too_much_is_told_when_to_come_again(tmp_path: Path) -> None:
    with chatting(tmp_path, messages_per_minute=6, sessions_per_minute=4) as served:
        with live(served, token()) as device:
            for n in range(2):
                device.write("x", f"m-{n}")
            device.say("message", client_id="m-2", text="x")
            error = device.until("error")
            assert (error["code"], error["client_id"]) == ("rate_limited", "m-2")
            assert 1 <= error["retry_after"] <= 10
        refused = send(served, token(), type="message", client_id="m-2", text="x")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert send(served, token("u2"), type="message", client_id="m-2", text="x").status_code == 200
        codes = [session(served).status_code for _ in range(5)]
        assert codes == [200] * 3 + [429] * 2


def test_a_person_has_so_many_sockets_and_no_more(tmp_path: Path) -> None:
    with chatting(tmp_path, sockets=2) as served, live(served, token()), live(served, token()):
        with Device(served.url, token()) as third:
            third.say("hello", token=token())
            assert third.closed() == 4429
            assert third.frames[-1]["code"] == "too_many_sockets"
        with live(served, token("u2")):
            pass


def test_there_is_no_chat_where_none_is_configured(served: Served) -> None:
    for path in ("/chat/other/session", "/chat/app/nothing", "/chat/app/../../etc", "/chat/"):
        assert requests.post(f"{served.url}{path}", timeout=PATIENCE).status_code in (404, 405)
    assert requests.get(f"{served.url}/chat/app/session", timeout=PATIENCE).status_code == 405


def test_without_a_secret_there_are_no_visitors(tmp_path: Path) -> None:
    with chatting(tmp_path, secret=None) as served:
        refused = session(served)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert session(served, **by(token())).status_code == 200


def test_an_api_key_is_no_token(served: Served) -> None:
    assert session(served, **bearer(served.hub)).status_code == 401


def test_the_page_is_given_out_guarded_and_cached(served: Served) -> None:
    bare = requests.get(f"{served.url}/chat/app", timeout=PATIENCE, allow_redirects=False)
    assert (bare.status_code, bare.headers["location"]) == (308, "/chat/app/")
    index = requests.get(f"{served.url}/chat/app/", timeout=PATIENCE)
    assert (index.status_code, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = index.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert policy.endswith("frame-ancestors 'self' https://app.example.com")
    script = requests.get(
        f"{served.url}/chat/app/chat.js", headers={"Origin": "https://other.example"}, timeout=PATIENCE
    )
    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    again = requests.get(script.url, headers={"If-None-Match": script.headers["etag"]}, timeout=PATIENCE)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("..%2Fconfig.py", "config.py", "nothing.js", "%2e%2e/__init__.py", "x/chat.js"):
        assert requests.get(f"{served.url}/chat/app/{name}", timeout=PATIENCE).status_code == 404


def test_clients_hear_that_the_inbox_closed(tmp_path: Path) -> None:
    hub = make_hub(tmp_path)
    with serving(hub, heartbeat=0.1) as served, live(served, token()) as device:
        welcome = next(frame for frame in device.frames if frame["type"] == "welcome")
        assert welcome["service"] == {"open": True, "until": None, "expected": None, "notice": None}
        time.sleep(0.3)
        main = msgspec.structs.replace(hub.settings.inboxes["main"], hours=Hours(tz="UTC", week=((),) * 7))
        hub.settings = msgspec.structs.replace(hub.settings, inboxes={"main": main})
        assert device.until("service")["open"] is False
