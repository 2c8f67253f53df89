"""What an inbox has to say: in the customer's language, and as it comes, changes and goes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from gateway.settings import load
from tests.chat.talk import PATIENCE, Device, by, live, make_hub, session, token, visitor
from tests.web.parrot import Served, serving

LATE = {"en": "Parcels are late.", "de": "Pakete sind verspätet.", "pt": "Atrasos."}


@contextmanager
def reception(folder: Path, **notice: Any) -> Iterator[Served]:
    """A hub that looks once a second what there is to say."""
    inbox = {"languages": ["en"], "notice": {"text": LATE, **notice}}
    with serving(make_hub(folder, inboxes={"main": inbox}), heartbeat=1.0) as served:
        yield served


async def change(served: Served, inbox: dict[str, Any]) -> None:
    path = served.hub.settings.path
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "inboxes": {"main": inbox}}))
    await served.hub.apply(load(path, {}))


def reconfigure(served: Served, **inbox: Any) -> None:
    """As the operator changes the file."""
    asyncio.run_coroutine_threadsafe(change(served, inbox), served.hub.loop).result(10)


def moment(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


@pytest.mark.parametrize(
    ("vouched", "said", "asked", "language"),
    [
        (None, None, None, "en"),
        (None, None, "de-AT,en;q=0.8", "de"),
        (None, None, "en;q=0.5, pt-BR;q=0.9, de;q=0", "pt"),
        (None, None, "fi, *;q=0.1", "en"),
        (None, None, ";;q=,,x;q=oops," * 200, "en"),
        (None, "pt-BR", "de", "pt"),
        ("de", "pt", "en", "de"),
        ("x" * 35, None, "de", "de"),
    ],
)
def test_it_is_said_in_the_language_of_who_reads_it(
    tmp_path: Path, vouched: str | None, said: str | None, asked: str | None, language: str
) -> None:
    with reception(tmp_path) as served:
        shown = token(**({"locale": vouched} if vouched else {}))
        headers = {"Accept-Language": asked or ""}
        begun = requests.post(
            f"{served.url}/chat/app/session", json={"locale": said}, headers=by(shown) | headers, timeout=PATIENCE
        )
        assert begun.json()["service"]["notice"] == LATE[language]
        with Device(served.url, shown, **headers) as device:
            device.say("hello", token=shown, locale=said)
            assert device.until("welcome")["service"]["notice"] == LATE[language]
        query = {"locale": said} if said else {}
        with requests.get(
            f"{served.url}/chat/app/stream", params=query, headers=by(shown) | headers, stream=True, timeout=PATIENCE
        ) as stream:
            lines = (line for line in stream.iter_lines() if line.startswith(b"data:"))
            assert LATE[language] in next(lines).decode()


def test_visitors_hear_it_too(tmp_path: Path) -> None:
    with reception(tmp_path) as served:
        assert session(served, **{"Accept-Language": "de"}).json()["service"]["notice"] == LATE["de"]
        assert session(served, **by(visitor(served.url))).json()["service"]["notice"] == LATE["en"]


def test_before_and_after_its_time_nothing_is_said(tmp_path: Path) -> None:
    for number, times in enumerate(({"from": moment(hours=1)}, {"until": moment(hours=-1)})):
        folder = tmp_path / str(number)
        folder.mkdir()
        with reception(folder, **times) as served:
            assert session(served).json()["service"]["notice"] is None


def test_who_has_the_chat_open_hears_it_begin_and_end(tmp_path: Path) -> None:
    with (
        reception(tmp_path, until=moment(hours=-1)) as served,
        live(served, token(locale="de")) as german,
        live(served, visitor(served.url)) as other,
    ):
        times = {"from": moment(seconds=1), "until": moment(seconds=4)}
        reconfigure(served, languages=["en"], notice={"text": LATE, **times})
        for device, text in ((german, LATE["de"]), (other, LATE["en"])):
            assert device.until("service")["notice"] == text
            device.say("ping")
        for device in (german, other):
            assert device.until("service")["notice"] is None


def test_a_change_of_the_configuration_is_heard_and_restarts_nothing(tmp_path: Path) -> None:
    with reception(tmp_path) as served, live(served, token()) as device:
        before = served.hub.connectors["app"]
        reconfigure(served, languages=["en"], notice={"text": {"en": "Something else."}})
        assert device.until("service")["notice"] == "Something else."
        reconfigure(served, languages=["en"])
        assert device.until("service")["notice"] is None
        assert served.hub.connectors["app"] is before
        device.say("ping")
        device.until("pong")


def test_other_pages_may_ask_for_it_in_every_language(tmp_path: Path) -> None:
    with reception(tmp_path) as served:
        found = requests.get(f"{served.url}/v1/inboxes/main/hours", timeout=PATIENCE).json()
        assert found["notice"] == LATE
