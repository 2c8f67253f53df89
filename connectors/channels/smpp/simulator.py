"""A carrier over loopback: `python -m connectors.channels.smpp.simulator` runs it alone.

It takes binds by name and password, takes messages, answers with ids in a dialect, refuses, throttles,
hangs, breaks off, and delivers messages and receipts, which it repeats on the next session until they are answered. It
reads and writes PDUs by python-smpplib, not by the plugin's own code; that is a development dependency.
"""

import argparse
import asyncio
import itertools
import ssl
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from smpplib import consts, smpp
from smpplib.command import Command

from connectors.channels.smpp.simulated import made, reset, written
from connectors.kit.fixtures import WireRequest
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, WORDLESS, Failure, LoopbackSimulator, Reply, run

BINDS: Final = frozenset({"bind_transceiver", "bind_transmitter", "bind_receiver"})
LARGEST: Final = 1 << 17
SECONDS: Final = 10.0


@dataclass
class _Line:
    """One connection."""

    writer: asyncio.StreamWriter
    kind: str = ""
    """The command it was bound by."""
    asked: dict[int, "_Parcel"] = field(default_factory=dict)


@dataclass
class _Parcel:
    """What is to be delivered."""

    octets: bytes
    answered: "Future[int]" = field(default_factory=Future)


def _posted(request: Request) -> Request:
    return replace(request, method="POST", url=f"https://hub.example.com{urlsplit(request.url).path}")


def _of_that_name(request: Request) -> Request:
    """The same with its method, which HTTP lets anybody write."""
    return replace(request, url=f"https://hub.example.com{urlsplit(request.url).path}")


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: Reply(consts.SMPP_ESME_RTHROTTLED),
        Failure.SERVER_ERROR: Reply(consts.SMPP_ESME_RSYSERR),
        Failure.UNAUTHORIZED: Reply(consts.SMPP_ESME_RINVPASWD),
        Failure.UNREACHABLE: Reply(consts.SMPP_ESME_RINVDSTADR),
        Failure.REFUSED: Reply(consts.SMPP_ESME_RSUBMITFAIL),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {Failure.BLOCKED: "no status of SMPP 3.4 says that somebody shut us out"}
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "posted": _posted,
        "posted with its method": _of_that_name,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(config, hub_url)
        self.tls = tls
        self.numbers = itertools.count(0xA0)
        self.dialect: Callable[[int], str] = str
        """How an answer writes a message's number."""
        self.reply = Reply(consts.SMPP_ESME_ROK)
        """What every message hears."""
        self.silent = False
        """It answers nothing any more, not even whether it is there."""
        self.binds: list[str] = []
        self.bind_status = consts.SMPP_ESME_ROK
        self.numbered: dict[str, WireRequest] = {}
        """What was taken, by the number in decimal."""
        self._lines: list[_Line] = []
        self._parcels: list[_Parcel] = []
        self._sequence = itertools.count(1)

    # --- what a test does ---------------------------------------------------------------------------------------------

    def deliver(self, octets: bytes, seconds: float = SECONDS) -> int:
        """Delivers a PDU to whoever is bound, and again to whoever binds next; the status it was answered with. Raises
        TimeoutError."""
        return self.begin(octets).result(seconds)

    def begin(self, octets: bytes) -> "Future[int]":
        """The same, without waiting."""
        parcel = _Parcel(octets)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._hand_out, parcel)
        return parcel.answered

    def kill(self) -> None:
        """Every connection ends at once."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._break_off)

    def unbind(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._take_leave)

    def _break_off(self) -> None:
        for line in self._lines:
            reset(line.writer)

    def _take_leave(self) -> None:
        for line in self._lines:
            line.writer.write(made("unbind", next(self._sequence)))

    def bound(self, count: int, seconds: float = SECONDS) -> None:
        """Returns once there were so many binds. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.binds) >= count, seconds):
                raise TimeoutError(f"{self.binds} after {seconds} s")

    def genuine(self, payload: bytes) -> WireRequest:
        """A batch of PDUs as a poll brings it."""
        count = 0
        at = 0
        while at + 4 <= len(payload):
            (length,) = struct.unpack_from(">I", payload, at)
            at, count = at + max(length, 4), count + 1
        names = ",".join(f"m{next(self.numbers)}" for _ in range(count))
        headers = {"names": names, "groups": ",".join("-" * count)}
        return WireRequest("COLLECT", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "447700900222") -> bytes:
        return self.short(text.encode("utf-16-be"), sender, data_coding=8)

    def short(self, octets: bytes, sender: str = "447700900222", **fields: Any) -> bytes:
        """A `deliver_sm`, from a number unless `source_addr_ton` says else."""
        told = {
            "service_type": "",
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "source_addr": sender.removeprefix("+"),
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": self.config["sender"].removeprefix("+"),
            "schedule_delivery_time": "",
            "validity_period": "",
            "short_message": octets,
        }
        return made("deliver_sm", next(self._sequence), **told | fields)

    def receipt(self, name: str, state: str = "DELIVRD", error: str = "000", **fields: Any) -> bytes:
        """A receipt's text, as most carriers write it."""
        text = (
            f"id:{name} sub:001 dlvrd:001 submit date:2611211000 done date:2611211001 stat:{state} err:{error} text:hi"
        )
        return self.short(text.encode(), esm_class=4, **fields)

    # --- the carrier --------------------------------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        return {**self.config, "api_base": self.url}

    def is_send(self, request: WireRequest) -> bool:
        return request.method in ("SUBMIT", "BIND")

    async def answer(self, request: WireRequest) -> Reply:
        if self.reply.status != consts.SMPP_ESME_ROK:
            return self.reply
        number = next(self.numbers)
        self.numbered[str(number)] = request
        return Reply(consts.SMPP_ESME_ROK, self.dialect(number).encode())

    async def _run(self, started: Future[str]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve_line, "127.0.0.1", 0, ssl=self.tls)
        host, port = server.sockets[0].getsockname()[:2]
        started.set_result(f"{'smpps' if self.tls else 'smpp'}://{host}:{port}")
        await self._stop.wait()
        server.close()
        for line in self._lines:
            line.writer.close()

    async def _serve_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(writer)
        try:
            while True:
                head = await reader.readexactly(4)
                (length,) = struct.unpack(">I", head)
                if not 16 <= length <= LARGEST:
                    return
                octets = head + await reader.readexactly(length - 4)
                await self._heard(line, smpp.parse_pdu(octets, sequence=0, allow_unknown_opt_params=True))
        except (OSError, EOFError, asyncio.CancelledError):
            return
        finally:
            if line in self._lines:
                self._lines.remove(line)
                self._parcels += line.asked.values()
            writer.close()

    async def _heard(self, line: _Line, came: Command) -> None:
        if self.silent:
            return
        if came.command in BINDS:
            self._bind(line, came)
        elif not line.kind:
            self._say(line, came, "generic_nack", consts.SMPP_ESME_RINVBNDSTS)
        elif came.command == "submit_sm":
            await self._submit(line, came)
        elif came.command == "deliver_sm_resp":
            parcel = line.asked.pop(came.sequence, None)
            if parcel is not None and not parcel.answered.done():
                parcel.answered.set_result(came.status)
        elif came.command in ("enquire_link", "unbind"):
            self._say(line, came, f"{came.command}_resp")
            if came.command == "unbind":
                line.writer.close()

    def _bind(self, line: _Line, came: Command) -> None:
        with self._changed:
            due = self._failures[0] if self._failures else None
        if due is Failure.UNAUTHORIZED:
            self._arrived(WireRequest("BIND", "/", {}, b""))
            self._say(line, came, f"{came.command}_resp", self.FAILURES[due].status)
            return
        known = (came.system_id.decode(), came.password.decode()) == (self.config["system_id"], self.config["password"])
        status = self.bind_status if known else consts.SMPP_ESME_RINVPASWD
        self._say(line, came, f"{came.command}_resp", status, system_id="simulated")
        if status != consts.SMPP_ESME_ROK:
            return
        line.kind = came.command
        self._lines.append(line)
        with self._changed:
            self.binds.append(came.command)
            self._changed.notify_all()
        if line.kind != "bind_transmitter":
            waiting, self._parcels = self._parcels, []
            for parcel in waiting:
                self._hand_out(parcel)

    async def _submit(self, line: _Line, came: Command) -> None:
        if line.kind == "bind_receiver":
            self._say(line, came, "submit_sm_resp", consts.SMPP_ESME_RINVBNDSTS)
            return
        request = written(came)
        failure = self._arrived(request)
        if failure is not None and failure not in WORDLESS:
            self._say(line, came, "submit_sm_resp", self.FAILURES[failure].status)
            return
        if failure in (Failure.HANG, Failure.RESET):
            if failure is Failure.RESET:
                reset(line.writer)
            return
        reply = await self.answer(request)
        with self._changed:
            self.performed.append(request)
        if failure is Failure.LOST_ANSWER:
            reset(line.writer)
            return
        told = {"message_id": reply.body.decode()} if reply.status == consts.SMPP_ESME_ROK else {}
        self._say(line, came, "submit_sm_resp", reply.status, **told)

    def _hand_out(self, parcel: _Parcel) -> None:
        line = next((line for line in self._lines if line.kind != "bind_transmitter"), None)
        if line is None:
            self._parcels.append(parcel)
            return
        number = next(self._sequence)
        line.asked[number] = parcel
        line.writer.write(parcel.octets[:12] + struct.pack(">I", number) + parcel.octets[16:])

    def _say(self, line: _Line, came: Command, command: str, status: int = 0, **fields: Any) -> None:
        line.writer.write(made(command, came.sequence, status=status, **fields))


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="An SMSC over loopback.")
    wanted.add_argument("--system-id", default="onethread")
    wanted.add_argument("--password", default="simulate")
    wanted.add_argument("--sender", default="+447700900111")
    given = wanted.parse_args()
    run(Simulator(vars(given)))
