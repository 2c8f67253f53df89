from pathlib import Path
from typing import Any

from gateway.ids import new_id
from gateway.retention import RULES, forget
from gateway.store import schema
from gateway.store.transaction import Transaction
from normalizer.ids import uuid7
from tests.background.heronry import Heron, ago, live, rows, run, running, settings_in

OLD, NEW = 40, 1


def old_id(days: float) -> str:
    return uuid7(ago(days=days) // 1000, hash(new_id()) & ((1 << 73) - 1))


def fill(transaction: Transaction, items: Any) -> list[None]:
    for days, count in items[0]:
        for n in range(count):
            at, key, id_ = ago(days=days), f"{days}:{n}", old_id(days)
            transaction.insert(schema.raws, id_, "pond", at, "POST", "", b"{}", b"[]", None)
            transaction.insert(schema.arrivals, "pond", key, id_, None, at)
            transaction.insert(schema.idempotency, "helpdesk", key, "f", "m", at)
            transaction.insert(schema.fragments, "pond", key, f"group {key}", id_, b"{}", at)
            transaction.insert(schema.calls, "pond", key, b"{}", at)
            transaction.insert(schema.exchanges, old_id(days), "pond", None, at, b"{}")
            link = ("c", "pond", "tel", "+44", b"", 0, "passed", "m", at, at)
            transaction.insert(schema.verifications, old_id(days), *link)
            transaction.insert(schema.merges, old_id(10 * days), "a", "b", b"{}", b"{}", "[]", "", at, None)
    return [None]


def counts(hub: Any) -> dict[str, int]:
    return {rule.what: rows(hub, f"SELECT count(*) FROM {rule.what}")[0][0] for rule in RULES}  # noqa: S608


def test_what_is_old_goes_and_what_is_not_stays(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await hub.writer.write(fill, [(OLD, 450), (NEW, 3)])
            assert await forget(hub) == dict.fromkeys(counts(hub), 450)
            assert counts(hub) == dict.fromkeys(counts(hub), 3)
            assert await forget(hub) == dict.fromkeys(counts(hub), 0)

    run(test)


def test_periods_differ(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path, "{keep_raw: 2d}"), live(Heron)) as hub:
            await hub.writer.write(fill, [(OLD, 1), (20, 1), (5, 1), (NEW, 1)])
            await forget(hub)
            assert counts(hub) == {
                "raws": 1,
                "arrivals": 3,
                "idempotency": 2,
                "fragments": 2,
                "calls": 3,
                "exchanges": 1,
                "verifications": 3,
                "merges": 3,
            }

    run(test)


def test_what_a_replay_needs_stays(tmp_path: Path) -> None:
    def quarantined(transaction: Transaction, items: Any) -> list[None]:
        for state in ("open", "replayed"):
            raw_id = old_id(OLD)
            transaction.insert(schema.raws, raw_id, "pond", ago(days=OLD), "POST", "", b"{}", state.encode(), None)
            for key in (f"{state} unreadable", f"{state} beside it"):
                transaction.insert(schema.arrivals, "pond", key, raw_id, None, ago(days=OLD))
            transaction.insert(
                schema.quarantine, new_id(), "pond", raw_id, f"{state} unreadable", "", b"", state, ago(days=OLD), None
            )
        return [None]

    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await hub.writer.write(quarantined, None)
            await forget(hub)
            assert rows(hub, "SELECT body FROM raws") == [(b"open",)]
            assert rows(hub, "SELECT key FROM arrivals") == [("open beside it",), ("open unreadable",)]

    run(test)


def test_pieces_that_wait_for_their_connector_stay(tmp_path: Path) -> None:
    def waiting(transaction: Transaction, items: Any) -> list[None]:
        for group in ("waits", "done"):
            transaction.insert(schema.fragments, "gone", group, group, "r", b"{}", ago(days=OLD))
        transaction.insert(schema.timers, "assemble", "gone\nwaits", ago(days=OLD), 0)
        return [None]

    async def test() -> None:
        async with running(settings_in(tmp_path)) as hub:
            await hub.writer.write(waiting, None)
            await forget(hub)
            assert rows(hub, "SELECT key FROM fragments") == [("waits",)]

    run(test)


def test_a_code_that_is_awaited_and_a_merge_that_was_undone_are_kept(tmp_path: Path) -> None:
    def keep(transaction: Transaction, items: Any) -> list[None]:
        at = ago(days=4000)
        link = ("c", "pond", "tel", "+44", b"", 0, "pending", "m", at, at)
        transaction.insert(schema.verifications, old_id(4000), *link)
        transaction.insert(schema.merges, old_id(4000), "a", "b", b"", b"", "[]", "", at, at)
        return [None for _ in items]

    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await hub.writer.write(keep, None)
            gone = await forget(hub)
            assert (gone["verifications"], gone["merges"]) == (0, 0)
            sql = "SELECT (SELECT count(*) FROM verifications), (SELECT count(*) FROM merges)"
            assert rows(hub, sql) == [(1, 1)]

    run(test)
