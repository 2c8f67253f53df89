"""A running hub follows its file."""

import asyncio
import os
import signal
from pathlib import Path

from parrot import plugins
from structlog.testing import capture_logs

from gateway.settings import Settings, load
from gateway.settings.reload import Reloader


class Hub:
    """Keeps what it was told."""

    def __init__(self, path: Path, every: float = 0.01) -> None:
        self.told: list[tuple[str, str]] = []
        self.heard = asyncio.Event()
        self.reloader = Reloader(load(path, {}, plugins), {}, self.changed, plugins=plugins, every=every)

    async def changed(self, old: Settings, new: Settings) -> None:
        self.told.append((old.public_url, new.public_url))
        self.heard.set()

    async def until_told(self) -> None:
        async with asyncio.timeout(10):
            await self.heard.wait()
        self.heard.clear()


def say(path: Path, url: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(f"public_url: {url}\n")
    new.replace(path)


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a log has no event to wait for
            await asyncio.sleep(0.005)


def followed(path: Path, story, every: float = 0.01):
    """Runs the story beside a reloader; gives what the hub was told and what was logged."""

    async def run():
        hub = Hub(path, every)
        running = asyncio.create_task(hub.reloader.run())
        await asyncio.sleep(0)
        await story(hub)
        hub.reloader.stop()
        async with asyncio.timeout(10):
            await running
        return hub.told

    with capture_logs() as logs:
        told = asyncio.run(run())
    return told, [entry["event"] for entry in logs]


def test_a_changed_file_is_handed_over_as_old_and_new(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def story(hub):
        say(path, "http://b")
        await hub.until_told()
        say(path, "http://c")
        await hub.until_told()

    told, logged = followed(path, story)
    assert told == [("http://a", "http://b"), ("http://b", "http://c")]
    assert logged == []  # whoever applies it says so


def test_a_broken_file_keeps_the_old_settings_and_says_why(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def run():
        hub = Hub(path)
        running = asyncio.create_task(hub.reloader.run())
        say(path, "ftp://b")
        with capture_logs() as logs:
            await until(lambda: logs)
        before = hub.reloader.settings.public_url
        say(path, "http://c")
        await hub.until_told()
        hub.reloader.stop()
        await running
        return logs, before, hub.told

    logs, before, told = asyncio.run(run())
    assert logs == [
        {
            "event": "configuration_refused",
            "log_level": "error",
            "problems": [f"{path}:1:13: public_url: expected an http or https URL such as https://hub.example.com"],
        }
    ]
    assert before == "http://a"
    assert told == [("http://a", "http://c")]


def test_sighup_loads_at_once_even_where_the_file_looks_the_same(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def story(hub):
        stat = path.stat()
        path.write_text("public_url: http://b\n")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        os.kill(os.getpid(), signal.SIGHUP)
        await hub.until_told()

    told, _ = followed(path, story, every=3600)
    assert told == [("http://a", "http://b")]


def test_a_file_written_again_with_the_same_content_changes_nothing(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def story(hub):
        before = hub.reloader._seen
        say(path, "http://a")
        await until(lambda: hub.reloader._seen != before)

    told, logged = followed(path, story)
    assert told == []
    assert logged == ["configuration_unchanged"]


def test_a_file_that_disappears_keeps_the_old_settings(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def story(hub):
        path.unlink()
        await asyncio.sleep(0.1)
        assert hub.reloader.settings.public_url == "http://a"
        say(path, "http://b")
        await hub.until_told()

    told, logged = followed(path, story)
    assert told == [("http://a", "http://b")]
    assert logged == ["configuration_refused"]


def test_settings_that_could_not_be_applied_are_tried_again(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")
    tried: list[str] = []

    async def changed(old: Settings, new: Settings) -> None:
        tried.append(new.public_url)
        if len(tried) == 1:
            raise RuntimeError("a plugin's own fault")

    async def run():
        reloader = Reloader(load(path, {}, plugins), {}, changed, plugins=plugins, every=0.01)
        running = asyncio.create_task(reloader.run())
        say(path, "http://b")
        await until(lambda: tried)
        assert reloader.settings.public_url == "http://a"
        reloader.ask()
        await until(lambda: reloader.settings.public_url == "http://b")
        reloader.stop()
        await running

    with capture_logs() as logs:
        asyncio.run(run())
    assert tried == ["http://b", "http://b"]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("configuration_not_applied", "error")]


def test_a_file_emptied_before_it_is_written_keeps_the_old_configuration(tmp_path):
    path = tmp_path / "hub.yaml"
    say(path, "http://a")

    async def story(hub):
        path.write_text("")
        await asyncio.sleep(0.1)
        say(path, "http://b")
        await hub.until_told()

    told, logged = followed(path, story)
    assert told == [("http://a", "http://b")]
    assert logged == ["configuration_refused"]
