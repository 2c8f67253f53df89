import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit.base import Polled
from connectors.kit.errors import KitError, Misconfigured, Temporary
from gateway.api.app import create_app
from tests.background.heronry import (
    Config,
    Note,
    PollingHeron,
    change,
    eventually,
    live,
    rows,
    run,
    running,
    settings_in,
    texts,
)
from tests.web.parrot import bearer

POLLED = Config(polling=True)


def cursor(hub: Any) -> str | None:
    found = rows(hub, "SELECT cursor FROM cursors WHERE connector_id = 'pond'")
    return found[0][0] if found else None


def test_what_a_poll_brings_is_recorded_with_its_cursor_and_its_bytes(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=POLLED)
        notes = [Note(id="1", text="one"), Note(id="2", text="two")]
        pond.plugin.writes(*notes)
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: cursor(hub) == "2")
            assert texts(hub) == ["one", "two"]
            assert rows(hub, "SELECT connector_id, method, body FROM raws") == [
                ("pond", "POLL", msgspec.json.encode(notes))
            ]
            pond.plugin.writes(Note(id="3", text="three"))
            await eventually(lambda: cursor(hub) == "3")
            assert texts(hub) == ["one", "two", "three"]
            await eventually(lambda: pond.plugin.cursors[:3] == [None, "2", "3"])
            assert hub.polling.problem("pond") is None

    run(test)


def test_a_restart_polls_on_from_the_cursor(tmp_path: Path) -> None:
    async def test() -> None:
        settings, before, after = (
            settings_in(tmp_path),
            live(PollingHeron, config=POLLED),
            live(PollingHeron, config=POLLED),
        )
        before.plugin.writes(Note(id="1", text="one"))
        async with running(settings, before) as hub:
            await eventually(lambda: cursor(hub) == "1")
        after.plugin.writes(Note(id="1", text="one"), Note(id="2", text="two"))
        async with running(settings, after) as hub:
            await eventually(lambda: cursor(hub) == "2")
            assert (texts(hub), after.plugin.cursors[0]) == (["one", "two"], "1")

    run(test)


def test_polled_again_after_a_crash_before_the_commit_is_recorded_once(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        for _ in range(2):
            pond = live(PollingHeron, config=POLLED)
            pond.plugin.writes(Note(id="1", text="one"), Note(id="2", text="two"))
            async with running(settings, pond) as hub:
                await eventually(lambda: cursor(hub) == "2")
                assert texts(hub) == ["one", "two"]
                await change(hub, "DELETE FROM cursors")  # as if it had not come so far

    run(test)


def test_connectors_that_do_not_poll_are_not_polled(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=Config(polling=False))
        async with running(settings_in(tmp_path), pond):
            await asyncio.sleep(0.1)
            assert pond.plugin.cursors == []

    run(test)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (Temporary("no connection"), "Temporary: no connection"),
        (Temporary("slow down", retry_after=0.5), "Temporary: slow down"),
        (KitError("odd"), "KitError: odd"),
        (TimeoutError(), "TimeoutError: "),
        (ValueError("a fault of the plugin"), "plugin fault: ValueError"),
    ],
    ids=str,
)
def test_a_poll_that_fails_is_shown_and_repeated_until_it_works(tmp_path: Path, error: Exception, shown: str) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=POLLED)
        pond.plugin.failures.append(error)
        pond.plugin.writes(Note(id="1", text="one"))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.polling.problem("pond"))
            assert hub.polling.problem("pond") == shown
            await eventually(lambda: texts(hub) == ["one"], 5)
            await eventually(lambda: hub.polling.problem("pond") is None)
            assert pond.plugin.cursors[:2] == [None, None]

    run(test)


def test_a_misconfigured_connector_waits_for_the_operator_whose_change_polls_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        pond, mended = live(PollingHeron, config=POLLED), live(PollingHeron, config=POLLED)
        pond.plugin.failures += [Misconfigured("wrong token")] * 100
        mended.plugin.writes(Note(id="1", text="one"))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.polling.problem("pond") == "Misconfigured: wrong token")
            await asyncio.sleep(0.3)
            assert len(pond.plugin.cursors) == 1
            hub.connectors = {"pond": mended}
            await hub.lanes.renew()
            await hub.polling.renew()
            await eventually(lambda: texts(hub) == ["one"])
            assert hub.polling.problem("pond") is None

    run(test)


def test_a_new_configuration_interrupts_only_what_changed(tmp_path: Path) -> None:
    async def test() -> None:
        pond, marsh, brook = (live(PollingHeron, name, POLLED) for name in ("pond", "marsh", "brook"))
        async with running(settings_in(tmp_path), pond, marsh) as hub:
            await eventually(lambda: bool(pond.plugin.cursors and marsh.plugin.cursors))
            hub.connectors = {"pond": pond, "brook": brook}
            await hub.lanes.renew()
            await hub.polling.renew()
            for connector in (pond, marsh, brook):
                connector.plugin.writes(Note(id="1", text=connector.id))
            await eventually(lambda: sorted(texts(hub)) == ["brook", "pond"])
            assert (pond.plugin.cursors[0], len(marsh.plugin.cursors)) == (None, 1)
            assert hub.polling.problem("marsh") is None

    run(test)


def test_a_provider_that_answers_at_once_with_nothing_is_not_asked_without_end(tmp_path: Path) -> None:
    class Silent(PollingHeron):
        async def poll(self, cursor: str | None) -> Polled:
            self.cursors.append(cursor)
            return Polled([], "0", b"[]")

    async def test() -> None:
        pond = live(Silent, config=POLLED)
        async with running(settings_in(tmp_path), pond) as hub:
            await asyncio.sleep(1.2)
            assert 2 <= len(pond.plugin.cursors) <= 4
            assert (cursor(hub), rows(hub, "SELECT id FROM raws")) == ("0", [])

    run(test)


def test_an_unreadable_item_is_quarantined_and_harms_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=POLLED)
        pond.plugin.writes(Note(id="1", text="one"), Note(id="2", kind="song"), Note(id="3", text="three"))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: cursor(hub) == "3")
            assert texts(hub) == ["one", "three"]
            assert rows(hub, "SELECT key, state FROM quarantine") == [("note:2", "open")]

    run(test)


@pytest.mark.engine("sqlite")
def test_an_item_the_store_refuses_is_quarantined_alone_and_the_cursor_moves_on(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=POLLED)
        async with running(settings_in(tmp_path), pond) as hub:
            await change(
                hub,
                "CREATE TRIGGER fault BEFORE INSERT ON external_ids WHEN NEW.external_id = '2'"
                " BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END",
            )
            pond.plugin.writes(Note(id="1", text="one"), Note(id="2", text="two"), Note(id="3", text="three"))
            await eventually(lambda: cursor(hub) == "3")
            assert texts(hub) == ["one", "three"]
            ((reason, method, slice_, body),) = rows(
                hub, "SELECT q.reason, r.method, q.slice, r.body FROM quarantine q JOIN raws r ON r.id = q.raw_id"
            )
            assert "a fault of ours" in reason
            assert (method, slice_, msgspec.json.decode(body)["text"]) == ("POLL-ITEM", body, "two")
            assert len(rows(hub, "SELECT id FROM raws WHERE method = 'POLL'")) == 1

    run(test)


def test_what_fails_is_shown_where_an_operator_looks_and_no_longer_than_it_does(tmp_path: Path) -> None:
    async def test() -> None:
        pond, marsh = live(PollingHeron, config=POLLED), live(PollingHeron, "marsh")
        pond.plugin.failures += [Misconfigured("wrong token")] * 100
        async with running(settings_in(tmp_path), pond, marsh) as hub:
            client = create_app(hub).test_client()
            headers = bearer(hub)

            def shown() -> dict[str, Any]:
                answer = client.get("/v1/connectors", headers=headers).get_json()
                return {one["name"]: one["polling"] for one in answer["connectors"]}

            def measured() -> list[str]:
                lines = client.get("/metrics", headers=headers).text.splitlines()
                return [line for line in lines if line.startswith("onethread_polling_fails{")]

            await eventually(lambda: hub.polling.problem("pond"))
            found = (await asyncio.to_thread(shown))["pond"]
            assert found.pop("failing_since").endswith("Z")
            assert found == {
                "well": False,
                "reason": "Misconfigured: wrong token",
                "remedy": "correct the connector's settings, then run: onethread connectors check pond",
            }
            assert await asyncio.to_thread(measured) == ['onethread_polling_fails{connector="pond"} 1.0']
            assert (await asyncio.to_thread(shown))["marsh"] is None

    run(test)
