"""What connectors keep in the store (`gateway.keeping`), as commands reach it beside a running hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gateway.cli.stores import opened

if TYPE_CHECKING:
    from connectors.kit.base import Plugin
    from gateway.keeping import Keeping
    from gateway.settings import Connector, Settings
    from gateway.store.writer import Writer


@contextmanager
def writing(settings: "Settings") -> "Iterator[tuple[Writer, Keeping]]":
    """The store's writer, until the end of the command. Raises Failure."""
    from gateway.keeping import Keeping
    from gateway.store.writer import Writer

    with opened(settings) as engine:
        writer = Writer(engine)
        writer.start()
        try:
            yield writer, Keeping(engine, writer)
        finally:
            writer.stop()


async def authorized(settings: "Settings", connector: "Connector", ask: Any) -> Any:
    """What a plugin that keeps its credentials in the store answers. Raises Failure, and the kit's errors."""
    from gateway.live import bring_up

    with writing(settings) as (_, keeping):
        kept = keeping.of(connector.name, settings.seal)
        live = bring_up(settings, connector, keep=lambda _exchange: None, kept=kept)
        try:
            return await ask(live.plugin)
        finally:
            await live.settle()
            await live.http.close()


def let_it_try(settings: "Settings", name: str) -> None:
    """A lane that waits for its operator goes on."""
    from gateway.send.pausing import unpause

    with writing(settings) as (writer, _):
        writer.submit(unpause, name).result()


def keeps(kind: "type[Plugin[Any]]") -> bool:
    """Whether plugins of this kind need the store for their credentials."""
    from connectors.kit.base import Authorizes

    return issubclass(kind, Authorizes)
