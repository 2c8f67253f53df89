"""Reading large messages in a process apart, one after the other, bounded in time and memory.

The process is started with the first of them and stays. One that takes too long is killed, one that died is replaced.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from math import ceil
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import Any

import msgspec
import structlog

from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from gateway.listening.jobs import READY, Answer, Job, read, write
from gateway.live import LiveConnector
from gateway.store.writer import Overloaded
from normalizer.codec import encode
from normalizer.inbound import Inbound, Unreadable

log = structlog.get_logger()
SECONDS = 30.0
"""How long one message may take."""
MEMORY = 1 << 30
PER_OCTET = 12
"""Octets of memory for each of a message, beside MEMORY."""
MOST_WAITING = 256
"""Messages in hand; further ones are asked to come again."""
TRIES = 2
COMMAND = (sys.executable, "-m", "gateway.listening.child")
_answer = msgspec.json.Decoder(Answer)


class Died(Exception):
    """The process ended while it read."""


class Apart:
    def __init__(self, seconds: float = SECONDS, most: int = MOST_WAITING) -> None:
        self._seconds = seconds
        self._most = most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="apart")
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0
        self._lock = Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the process, where there is one."""
        return self._process.pid if self._process else None

    @property
    def waiting(self) -> int:
        """Messages in hand."""
        return self._waiting

    def read(
        self, connector: LiveConnector, request: Request, path: Path, *, verify: bool = True
    ) -> Future[Sequence[Inbound]]:
        """The items of a request whose body is this file, `request.body` being its beginning.

        What cannot be read, takes too long or too much, or kills its reader twice, is one Unreadable. Raises Overloaded
        at once; the future raises BadSignature, and OSError where there can be no process.
        """
        with self._lock:
            if self._waiting >= self._most:
                raise Overloaded(f"{self._most} large messages are in hand")
            self._waiting += 1
        future = self._thread.submit(self._read, connector, request, path, verify)
        future.add_done_callback(self._done)
        return future

    def close(self) -> None:
        """Ends the process, also while it reads. Blocks."""
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)
        if (process := self._process) is not None:
            process.kill()
        self._thread.shutdown()
        self._forget()

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._waiting -= 1

    def _read(self, connector: LiveConnector, request: Request, path: Path, verify: bool) -> Sequence[Inbound]:
        job = encode(job_of(connector, request, path, verify, self._seconds))
        try:
            answer = self._answer(job)
        except (TimeoutError, Died) as error:
            log.error("a message was not read", connector=connector.id, raw=request.raw, reason=str(error))
            return [_unreadable(request, str(error))]
        if answer.refused is not None:
            raise BadSignature(answer.refused.detail, missing=answer.refused.missing)
        if answer.fault is not None:
            log.error("a plugin failed to read", connector=connector.id, raw=request.raw, exception=answer.fault)
        if answer.unreadable is not None:
            return [_unreadable(request, answer.unreadable)]
        return answer.items

    def _answer(self, job: bytes) -> Answer:
        """Raises TimeoutError, Died."""
        for left in reversed(range(TRIES)):
            try:
                return self._once(job)
            except Died as error:
                log.warning("the reading process ended", reason=str(error), tries_left=left)
                if not left:
                    raise
        raise AssertionError

    def _once(self, job: bytes) -> Answer:
        process, began = self._started(), monotonic()
        late = Timer(self._seconds, process.kill)
        late.start()
        try:
            message = _asked(process, job)
        finally:
            late.cancel()
        if message is not None:
            return _answer.decode(message)
        self._forget()
        if monotonic() - began >= self._seconds:
            raise TimeoutError(f"reading it took longer than {self._seconds:g} s")
        raise Died(f"reading it ended its process ({process.returncode})")

    def _started(self) -> subprocess.Popen[bytes]:
        """Raises OSError."""
        if self._closed:
            raise OSError("no more is read: the hub is stopping")
        if self._process is None:
            environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)  # noqa: S603
            assert self._process.stdout
            if read(self._process.stdout) != READY:
                self._forget()
                raise OSError("the process that reads large messages could not be started")
        return self._process

    def _forget(self) -> None:
        """Ends the process and leaves nothing of it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                assert pipe
                with suppress(BrokenPipeError):  # what was not written has nobody to read it
                    pipe.close()
            process.wait()


def _asked(process: subprocess.Popen[bytes], job: bytes) -> bytes | None:
    """What the process answers; None where it ended."""
    assert process.stdin
    assert process.stdout
    try:
        write(process.stdin, job)
    except BrokenPipeError:
        return None
    return read(process.stdout)


def job_of(connector: LiveConnector, request: Request, path: Path, verify: bool, seconds: float) -> Job:
    kind = type(connector.plugin)
    return Job(
        plugin=f"{kind.__module__}:{kind.__qualname__}",
        config=msgspec.to_builtins(connector.settings.config, enc_hook=_revealed),
        connector=connector.id,
        webhook_url=connector.webhook_url,
        verify=verify,
        method=request.method,
        url=request.url,
        headers=dict(request.headers),
        received_at=request.received_at,
        raw=request.raw,
        peer=request.peer,
        path=str(path),
        memory=MEMORY + PER_OCTET * path.stat().st_size,
        seconds=ceil(seconds),
    )


def _revealed(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"no plain form of {type(value)}")


def _unreadable(request: Request, reason: str) -> Unreadable:
    return Unreadable(key=f"raw:{request.raw}", slice=request.body, reason=reason)
