"""Structured logs on standard error: JSON for machines, plain text on a terminal, one line an event.

Times are UTC, RFC 3339. What is bound with `structlog.contextvars.bound_contextvars(trace_id=…, connector=…)` stands on
every line. Configured secrets, and whatever a key calls a secret, appear as `***`: also in tracebacks, and in what
libraries log.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from connectors.kit.redact import Redactor
from connectors.kit.secret import Secret

HIDDEN = "***"
SECRET_KEY = re.compile(r"(?:^|[^a-z])(?:token|secret|password|passwd|authorization|api_?key|cookie)$", re.IGNORECASE)
SHORTEST_SECRET = 4
"""Shorter ones are not searched for in text: hiding every `abc` would hide the log."""
MOST_TEXT = 16_384
MOST_ITEMS = 100
MOST_DEPTH = 6
NOISY = ("asyncio", "urllib3", "httpcore", "httpx")
"""Libraries whose INFO and DEBUG tell of every request, with its address."""
LIBRARIES = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "aiohttp",
    "aiohttp.access",
    "alembic",
    "sqlalchemy",
    "flask",
)
OURS = "onethread"


class Redaction:
    """Knows the configured secrets, and takes them out of finished lines."""

    def __init__(self) -> None:
        self._known: frozenset[Secret] = frozenset()
        self._redactor = Redactor(())

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Adds secrets. What was known stays known: an old one may still stand in a late error."""
        new = {secret for secret in secrets if len(secret.reveal()) >= SHORTEST_SECRET} - self._known
        if new:
            self._known |= new
            self._redactor = Redactor(tuple(self._known))

    def clean(self, line: str) -> str:
        return self._redactor(line)


redaction = Redaction()


def hide_named_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces the values of keys such as `token`, and bounds what a line may hold."""
    return {str(key): HIDDEN if SECRET_KEY.search(str(key)) else _bounded(value) for key, value in event.items()}


def _bounded(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else value[:MOST_TEXT] + "…"
    if depth >= MOST_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(key): HIDDEN if SECRET_KEY.search(str(key)) else _bounded(item, depth + 1)
            for key, item in list(value.items())[:MOST_ITEMS]
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_bounded(item, depth + 1) for item in list(value)[:MOST_ITEMS]]
    return _bounded(repr(value), depth + 1)


def _cleaned(renderer: Callable[[WrappedLogger, str, EventDict], str]) -> Processor:
    """The renderer, with secrets taken out of the finished line: whatever they came in, they end there."""

    def render(logger: WrappedLogger, name: str, event: EventDict) -> str:
        return redaction.clean(renderer(logger, name, event))

    return render


def _without_formatted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drops what other handlers leave on a library's record, which would say the event twice."""
    return {key: value for key, value in event.items() if key not in ("message", "asctime")}


_always: dict[str, Any] = {}


def _with_always(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {**event, **{key: value for key, value in _always.items() if key not in event}} if _always else event


SHARED: list[Processor] = [
    _with_always,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]
"""What happens to our lines and to those of libraries alike."""

CHAIN: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *SHARED,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure(
    level: str,
    secrets: Iterable[Secret] = (),
    *,
    noisy: Iterable[str] = (),
    stream: TextIO | None = None,
    always: Mapping[str, Any] | None = None,
) -> None:
    """Sends every log line to `stream` (standard error where none is given). May be called again; learns new secrets.

    `level` is a name such as `info`; loggers named in `noisy` say nothing below warnings. `always` stands on every line
    that does not say it otherwise.
    """
    redaction.learn(secrets)
    _always.clear()
    _always.update(always or {})
    structlog.configure(
        processors=CHAIN,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if handler.get_name() != OURS]
    root.addHandler(_out(stream or sys.stderr))
    root.setLevel(level.upper())
    for name in (*NOISY, *noisy):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = []  # they would print the line bare, and twice
        logger.propagate = True
    logging.captureWarnings(True)


def _out(stream: TextIO) -> logging.Handler:
    out = logging.StreamHandler(stream)
    out.set_name(OURS)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _without_formatted, *SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_named_secrets,
                _cleaned(_plain if stream.isatty() else _json),
            ],
        )
    )
    return out


_plain = structlog.dev.ConsoleRenderer()
_as_json = structlog.processors.JSONRenderer(ensure_ascii=False)


def _json(logger: WrappedLogger, name: str, event: EventDict) -> str:
    return str(_as_json(logger, name, event))
