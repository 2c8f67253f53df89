"""DATA as RFC 5321 has it, against a model that reads line by line."""

import asyncio
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.files import TooLarge
from gateway.listening.data import Data, Misshapen

BARE = re.compile(rb"(?<!\r)\n")
TRICKY = st.lists(st.sampled_from([b"\r\n", b"\r", b".", b"..", b"a", b"\r\n.", b"x" * 40]), max_size=30).map(b"".join)
PIECES = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def model(stream: bytes) -> tuple[bytes, bytes]:
    """Message and rest, line by line."""
    message = b""
    while True:
        line, end, stream = stream.partition(b"\r\n")
        assert end
        if line == b".":
            return message, stream
        message += line.removeprefix(b".") + end


async def taken(stream: bytes, pieces: list[int], limit: int, most: int = 1 << 20) -> tuple[bytes, bytes]:
    """Message and rest as `Data` reads them, octets coming in pieces of these sizes, again and again."""
    reader = asyncio.StreamReader(limit=limit)

    async def feed() -> None:
        at = n = 0
        while at < len(stream):
            reader.feed_data(stream[at : at + pieces[n % len(pieces)]])
            at, n = at + pieces[n % len(pieces)], n + 1
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    message = await read(Data(reader, most))
    await feeding
    return message, await reader.read()


async def read(data: Data) -> bytes:
    message = b""
    while octets := await data.read():
        message += octets
    return message


@given(TRICKY, TRICKY, PIECES, st.integers(1, 50))
@example(b"", b"QUIT\r\n", [1], 1)
@example(b"a\r\n", b".\r\n", [99], 1)
@example(b"..\r\n", b"", [99], 50)
@example(b"\r\n", b"\r\n.\r\n", [1], 1)
def test_every_stream_reads_as_a_reader_of_lines_reads_it(message, rest, pieces, limit):
    stream = message + b"\r\n.\r\n" + rest
    assert asyncio.run(taken(stream, pieces, limit)) == model(stream)


@given(st.binary(max_size=200).map(lambda octets: BARE.sub(b"\r\n", octets)), PIECES, st.integers(1, 50))
def test_what_was_stuffed_comes_out_as_it_went_in(message, pieces, limit):
    message = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    message = BARE.sub(b"\r\n", message)
    stuffed = stuff(message)
    assert asyncio.run(taken(stuffed + b".\r\nNOOP\r\n", pieces, limit)) == (message, b"NOOP\r\n")


def stuff(message: bytes) -> bytes:
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n"))


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r\r\n\n", b"\n.\r\nMAIL FROM:<>\r\n", b"\n\r\n.\n"]
)
@pytest.mark.parametrize("size", [1, 3, 999])
def test_what_others_take_for_an_end_is_refused(end, size):
    with pytest.raises(Misshapen, match="LF without CR"):
        asyncio.run(taken(b"hello" + end + b"\r\n.\r\n", [size], 50))


def test_a_bare_carriage_return_is_what_it_is():
    assert asyncio.run(taken(b"a\r.\rb\r\n.\r\n", [1], 9)) == (b"a\r.\rb\r\n", b"")


def test_a_message_of_nothing_but_line_ends_is_refused_before_it_costs_much():
    with pytest.raises(Misshapen, match="nothing but"):
        asyncio.run(taken(b"\r\n" * 4_000 + b".\r\n", [9_999], 99))


def test_a_message_may_be_as_large_as_it_may_and_no_larger():
    message = b"x" * 98 + b"\r\n"
    assert asyncio.run(taken(message + b".\r\n", [7], 9, most=100)) == (message, b"")
    with pytest.raises(TooLarge):
        asyncio.run(taken(message + b".\r\n", [7], 9, most=99))


def test_what_is_refused_is_read_to_its_end_and_what_follows_is_left():
    async def scenario() -> tuple[bool, bytes]:
        reader = asyncio.StreamReader(limit=16)
        reader.feed_data(b"x" * 150 + b"\r\n.\r\nQUIT\r\n")
        reader.feed_eof()
        data = Data(reader, 100)
        with pytest.raises(TooLarge):
            await read(data)
        return await data.leave(), await reader.read()

    assert asyncio.run(scenario()) == (True, b"QUIT\r\n")


def test_a_flood_is_not_read_to_its_end():
    async def scenario() -> bool:
        reader = asyncio.StreamReader(limit=16)

        async def flood() -> None:
            while True:
                reader.feed_data(b"x" * 50)
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        data = Data(reader, 100)
        with pytest.raises(TooLarge):
            await read(data)
        ended = await data.leave()
        flooding.cancel()
        return ended

    assert not asyncio.run(scenario())
