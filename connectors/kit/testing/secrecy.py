"""The check that no secret shows: not in a repr, an error, a traceback, a log record or the exchange log."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connectors.kit.base import Plugin
from connectors.kit.chat import Chats
from connectors.kit.config import configured
from connectors.kit.errors import KitError
from connectors.kit.http import Exchange
from connectors.kit.request import Request
from connectors.kit.testing.sending import failing
from connectors.kit.testing.simulator import Failure
from connectors.kit.testing.subject import Nonconforming, Subject, perform


def check_no_secret_shows(subject: Subject) -> None:
    secrets = subject.secrets()
    for where, text in _everything_said(subject):
        for secret in secrets:
            if secret in text or quote(secret, safe="") in text:
                raise Nonconforming(f"a secret shows in {where}: {text.replace(secret, '***')[:2000]}")


def _everything_said(subject: Subject) -> Iterator[tuple[str, str]]:
    config = configured(subject.plugin.Config, subject.fixtures.config)
    yield "the configuration", f"{config!r} {config}"
    with _listening() as records:
        yield from _said_receiving(subject)
        if not issubclass(subject.plugin, Chats):
            yield from _said_sending(subject)
    for record in records:
        yield f"a log record of {record.name}", logging.Formatter().format(record)
        yield f"the arguments of a log record of {record.name}", repr(record.args)


def _said_receiving(subject: Subject) -> Iterator[tuple[str, str]]:
    plugin = subject.receiving()
    yield "the plugin", f"{plugin!r} {plugin} {plugin.tools!r}"
    for case in subject.fixtures.inbound:
        for mutate in subject.simulator.mutators.values():
            yield from _raised("an error of verify", plugin.verify, mutate(case.request))
        for damaged in (b"{", case.request.body[:-1], case.request.body[: len(case.request.body) // 2]):
            yield from _raised("an error of parse", plugin.parse, replace(case.request, body=damaged))


def _said_sending(subject: Subject) -> Iterator[tuple[str, str]]:
    case = subject.plain_send()
    exchanges: list[Exchange] = []
    with subject.simulated() as provider:
        settings = provider.settings()
        for failure in Failure:
            provider.clear()  # on a busy machine a request may have been given up before it arrived
            provider.next(failure)
            error = failing(subject, provider, case)
            yield f"the error after {failure}", _told(error)
        provider.clear()

        async def send(plugin: Plugin[Any]) -> str:
            await perform(plugin, case)
            return f"{plugin!r} {plugin.tools!r}"

        yield "the plugin after sending", subject.sending(settings, send, exchanges.append)
    with suppress(KitError):
        subject.sending(settings, send, exchanges.append)
    if not exchanges:
        raise Nonconforming("sending left nothing in the exchange log: it does not go through the kit's client")
    for exchange in exchanges:
        yield "the exchange log", repr(exchange)


def _raised(where: str, act: Callable[[Request], object], request: Request) -> Iterator[tuple[str, str]]:
    try:
        act(request)
    except KitError as error:
        yield where, _told(error)


def _told(error: KitError) -> str:
    return f"{error!r} {error} {error.detail} " + "".join(traceback.format_exception(error))


class _Ear(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """Every record that reaches the root while it listens at DEBUG. A library silenced by its own logger stays so."""
    records: list[logging.LogRecord] = []
    ear = _Ear(records)
    root = logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
