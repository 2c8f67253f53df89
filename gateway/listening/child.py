"""The process that verifies and parses large messages: `python -m gateway.listening.child`, with the hub at its pipes.

It is there to be killed: a message made to take all time or all memory takes its, and the hub goes on. It writes
nothing, and ends when the hub does.
"""

import gc
import os
import resource
import sys
import traceback
from functools import lru_cache
from importlib import import_module
from math import ceil
from pathlib import Path
from time import process_time
from typing import Any

import msgspec

from connectors.kit.base import Plugin, Tools
from connectors.kit.config import configured
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.http import Http
from connectors.kit.request import Request
from gateway.listening.jobs import READY, Answer, Job, Refusal, read, write
from normalizer.codec import encode
from normalizer.inbound import Unreadable

MOST_SLICE = 1 << 14
"""Octets kept of what could not be read, beside the whole in its file."""
_job = msgspec.json.Decoder(Job)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    write(answers, READY)
    while (message := read(sys.stdin.buffer)) is not None:
        write(answers, encode(answer(_job.decode(message))))
        gc.collect()


def answer(job: Job) -> Answer:
    """What the plugin makes of the request. Raises nothing."""
    _bound(resource.RLIMIT_AS, job.memory)
    _bound(resource.RLIMIT_CPU, ceil(process_time()) + job.seconds)
    try:
        plugin = _plugin(job.plugin, msgspec.json.encode(job.config), job.connector, job.webhook_url)
        headers, body = job.headers, Path(job.path).read_bytes()
        request = Request(job.method, job.url, headers, body, job.received_at, job.raw, job.peer)
        if job.verify:
            plugin.verify(request)
        return Answer(items=tuple(map(_cut, plugin.parse(request))))
    except BadSignature as error:
        return Answer(refused=Refusal(error.detail, error.missing))
    except BadPayload as error:
        return Answer(unreadable=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the hub hears of it, and logs it
        return Answer(unreadable=f"plugin fault: {error!r}", fault=traceback.format_exc())


def _bound(what: int, most: int) -> None:
    """What takes more memory has a MemoryError, what takes more time is killed."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


@lru_cache(maxsize=8)
def _plugin(name: str, config: bytes, connector: str, webhook_url: str) -> Plugin[Any]:
    module, _, kind_name = name.partition(":")
    kind: type[Plugin[Any]] = getattr(import_module(module), kind_name)
    tools = Tools(connector=connector, http=Http(connector), webhook_url=webhook_url)
    return kind(configured(kind.Config, msgspec.json.decode(config)), tools)


def _cut(item: Any) -> Any:
    """The item; the octets of one that could not be read are in the file anyway."""
    if isinstance(item, Unreadable) and len(item.slice) > MOST_SLICE:
        return msgspec.structs.replace(item, slice=item.slice[:MOST_SLICE])
    return item


if __name__ == "__main__":
    main()
