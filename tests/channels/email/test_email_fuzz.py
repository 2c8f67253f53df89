"""Mails damaged in a hundred thousand ways: none ends in a crash, none costs more than a moment.

`TEST_MUTATIONS=100000` tries as many; by default a few thousand of the same sequence are tried.
"""

import os
import random
from collections.abc import Callable
from time import thread_time

import msgspec
import pytest
from email_sender import FIXTURES, came, plugin

from connectors.kit.errors import BadPayload
from connectors.kit.fixtures import read_request
from normalizer.inbound import MessageReceived

MUTATIONS = int(os.environ.get("TEST_MUTATIONS", "3000"))
SHARDS = 6
SECONDS = 2.0
"""Of this thread's own time, for one mail: a mail of the corpus takes a thousandth of that."""
CORPUS = [read_request(path.read_bytes()).body for path in sorted((FIXTURES / "inbound").glob("*.http"))]
HOSTILE = [
    *(
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\0",
        b"\x80",
        b"\xff\xfe",
        b"--b1\n",
        b"--b1--\n",
        b"=?utf-8?b?",
        b"?=",
        b"=?x?q?=?=",
    ),
    *(b"(", b"<", b">", b'"', b"\\", b";", b"=", b":", b"\t", b"@", b",", b"=\n", b"\xe2\x80\xa8", b"\xed\xa0\x80"),
    *(b"Content-Type: multipart/mixed; boundary=b1\n\n", b"Content-Transfer-Encoding: base64\n", b"charset=utf-7;"),
    *(b"charset=unicode_escape;", b"Content-Type: message/rfc822\n", b"charset=idna;", b"format=flowed;", b"%00''"),
    *(b"\nFrom: \n", b"\nReceived: x\n", b"On 2026 x wrote:\n> ", b"<div><p><b>", b"<!--", b"&#x110000;", b"\x1b$B"),
]


def flipped(chance: random.Random, mail: bytearray) -> None:
    for _ in range(chance.randint(1, 20)):
        mail[chance.randrange(len(mail))] = chance.randrange(256)


def cut(chance: random.Random, mail: bytearray) -> None:
    start = chance.randrange(len(mail))
    del mail[start : start + chance.choice([1, 10, 100, len(mail)])]


def doubled(chance: random.Random, mail: bytearray) -> None:
    start = chance.randrange(len(mail))
    piece = mail[start : start + chance.choice([1, 10, 100, 1000])]
    mail[start:start] = piece * chance.choice([1, 2, 50])


def joined(chance: random.Random, mail: bytearray) -> None:
    other = chance.choice(CORPUS)
    start = chance.randrange(len(mail))
    mail[start:] = other[chance.randrange(len(other)) :]


def poisoned(chance: random.Random, mail: bytearray) -> None:
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(mail) + 1)
        mail[start:start] = chance.choice(HOSTILE) * chance.choice([1, 1, 3, 500])


def shuffled(chance: random.Random, mail: bytearray) -> None:
    lines = bytes(mail).split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    mail[:] = chance.choice([b"\n", b"\r\n", b"\r"]).join(lines)


KINDS: list[Callable[[random.Random, bytearray], None]] = [flipped, cut, doubled, joined, poisoned, shuffled]


def mutation(number: int) -> bytes:
    """The same for the same number."""
    chance = random.Random(number)
    mail = bytearray(chance.choice(CORPUS))
    for _ in range(chance.choice([1, 1, 2, 3])):
        if mail:
            chance.choice(KINDS)(chance, mail)
    return bytes(mail)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_damage_crashes_or_costs(shard):
    connector = plugin()
    read = refused = 0
    for number in range(shard, MUTATIONS, SHARDS):
        began = thread_time()
        try:
            items = connector.parse(came(mutation(number)))
        except BadPayload:
            refused += 1
            continue
        finally:
            assert thread_time() - began < SECONDS, f"mutation {number}"
        (item,) = items
        encoded = msgspec.json.encode(item)
        assert b"\\u0000" not in encoded, f"mutation {number}"
        if isinstance(item, MessageReceived):
            assert item.text.strip(), f"mutation {number}"
            read += 1
    assert read > refused
