"""The look-out for work survives a store in trouble."""

import asyncio
from pathlib import Path

from gateway.send.accept import accept
from gateway.send.asks import Ask
from gateway.store.engine import open_store
from gateway.store.writer import Writer
from normalizer.commands import SendMessage
from tests.background.heronry import Heron, Note, change, deliver, eventually, live, rows, run, running, settings_in
from tests.send.conftest import AGENT


def test_what_another_process_queues_after_a_trouble_is_found(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        async with running(settings, live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one"))
            await change(hub, "ALTER TABLE deliveries RENAME TO elsewhere")
            await asyncio.sleep(1.3)
            await change(hub, "ALTER TABLE elsewhere RENAME TO deliveries")
            [(conversation_id,)] = rows(hub, "SELECT id FROM conversations")
            command = SendMessage(conversation_id=conversation_id, text="hi")
            engine = open_store(settings.store)
            other = Writer(engine)
            other.start()
            other.submit(accept, Ask("principal", AGENT, command, hub.connectors)).result(10)
            other.stop()
            engine.dispose()
            await eventually(lambda: rows(hub, "SELECT status FROM deliveries") == [("accepted",)], seconds=4)

    run(test)
