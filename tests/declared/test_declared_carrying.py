"""Files: what comes is fetched, with the credentials where they belong, and what leaves goes by its address."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from declared_files import ACME, SECRET, SETTINGS, URL, came, made, plugin

from connectors.channels.bandwidth.simulator import Simulator as Bandwidth
from connectors.kit.base import Fetches, File, Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.fixtures import read_fixtures
from connectors.kit.http import Http, Stream
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address, Media, Unreadable
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from tests.background.heronry import eventually, rows, texts
from tests.channels import beside

LINKED = ACME.replace("      text: text\n", "      text: text\n      files: media\n")
BY_ADDRESS = """\
fetch:
  headers: {x-key: "{word}"}
  basic: {user: "{sender}", password: "{word}"}
  hosts: [files.acme.example, .acme-media.example]
"""
BY_ID = 'fetch: {url: "{api_base}/files/{file_id}", headers: {x-key: "{word}"}}\n'
MEDIA = """\
  media:
    setting: mms
    kinds: {image: photo}
    most: 1000
    types: {image/png: 500}
    album: 2
"""
FLAG = "  sender: {help: Who writes."


def fetching(how=BY_ADDRESS, text=LINKED):
    return text.replace("send:\n", f"{how}send:\n", 1)


def said(acme, **item):
    body = json.dumps({"id": "1", "from": "447700900222", "at": 1795255200000, **item}).encode()
    (received,) = acme.parse(came(body))
    return received


def test_without_a_way_to_fetch_them_files_are_links_in_the_text(tmp_path):
    kind = plugin(tmp_path, LINKED)
    received = said(made(kind), text="look", media=["https://files.acme.example/1.png"])
    assert (received.text, received.media) == ("look\n[file] https://files.acme.example/1.png", ())
    assert not issubclass(kind, Fetches)


def test_files_are_told_by_their_addresses_or_by_what_is_said_of_them(tmp_path):
    address = "https://files.acme.example/1.png?a=b.pdf"
    plain = said(made(plugin(tmp_path, fetching())), text="look", media=[address, "https://files.acme.example/2"])
    unknown = Media(source="https://files.acme.example/2", kind=MediaKind.FILE, media_type="application/octet-stream")
    assert plain.media == (Media(source=address, kind=MediaKind.IMAGE, media_type="image/png"), unknown)
    assert plain.text == "look"
    shaped = LINKED.replace("files: media\n", "files: {path: media, source: id, type: mime, name: title}\n")
    shaped = shaped.replace("when: text\n", "when: at\n")
    told = said(
        made(plugin(tmp_path, fetching(BY_ID, shaped))), media=[{"id": 7, "mime": "Audio/AMR; q=1"}, {"id": ""}]
    )
    assert told.media == (Media(source="7", kind=MediaKind.AUDIO, media_type="audio/amr"),)
    assert told.text == "[audio]"


def test_two_files_in_one_minute_without_names_are_two_messages(tmp_path):
    nameless = fetching(
        text=LINKED.replace("      id: id\n      sender", "      sender").replace("when: text\n", "when: at\n")
    )
    acme = made(plugin(tmp_path, nameless))
    first, again, other = (said(acme, media=[f"https://files.acme.example/{n}.png"]) for n in (1, 1, 2))
    assert first == again
    assert first.key != other.key


@pytest.mark.parametrize(
    "media", [["https://x.example/1"] * 31, [[1]], ["https://x.example/" + "x" * 5000], ["a\nb"], ["https://[x/1"]]
)
def test_files_that_are_no_addresses_or_too_many_are_quarantined(tmp_path, media):
    assert isinstance(said(made(plugin(tmp_path, fetching())), text="look", media=media), Unreadable)


class Held:
    """An HTTP client in whose place a file is: what it was asked for, and what it answers."""

    def __init__(self, status=200, chunks=(b"oct", b"ets")):
        self.status, self.chunks = status, chunks
        self.asked = []
        self.open = 0

    @asynccontextmanager
    async def stream(self, method, url, *, most, headers):
        self.asked.append((method, url, headers))
        assert most >= 50 << 20
        self.open += 1
        try:
            yield Stream(self.status, {"content-type": "image/png"}, self._read())
        finally:
            self.open -= 1

    async def _read(self):
        for chunk in self.chunks:
            yield chunk


def fetched(kind, source, held=None, **settings):
    """What was asked for, and the file."""
    held = held or Held()

    async def run():
        config = configured(kind.Config, {**SETTINGS, "sender": "5", **settings})
        file = await kind(config, Tools("acme", held)).fetch(source)
        return file.media_type, b"".join([chunk async for chunk in file.chunks])

    return held, asyncio.run(run())


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("https://api.acme.example/files/1", True),
        ("https://files.acme.example/1", True),
        ("https://eu.acme-media.example/1", True),
        ("http://files.acme.example/1", False),
        ("https://files.acme.example:8443/1", False),
        ("https://evil-acme-media.example/1", False),
        ("https://files.acme.example.evil.example/1", False),
    ],
)
def test_credentials_go_to_the_provider_and_to_nobody_else(tmp_path, source, known):
    held, file = fetched(plugin(tmp_path, fetching()), source)
    credentials = {"x-key": SECRET, "authorization": held.asked[0][2].get("authorization")} if known else {}
    assert held.asked == [("GET", source, credentials)]
    assert bool(held.asked[0][2].get("authorization")) is known
    assert file == ("image/png", b"octets")
    assert held.open == 0


def test_a_file_that_is_named_by_an_id_is_at_the_providers(tmp_path):
    held, _ = fetched(plugin(tmp_path, fetching(BY_ID)), "a/../b?c")
    assert held.asked == [("GET", "https://api.acme.example/files/a%2F..%2Fb%3Fc", {"x-key": SECRET})]


@pytest.mark.parametrize(
    ("status", "source", "error"),
    [
        (404, "https://api.acme.example/1", Refused),
        (410, "https://elsewhere.example/1", Refused),
        (401, "https://api.acme.example/1", Misconfigured),
        (403, "https://elsewhere.example/1", Refused),
        (418, "https://api.acme.example/1", Refused),
        (429, "https://api.acme.example/1", Temporary),
        (503, "https://api.acme.example/1", Temporary),
        (200, "javascript:alert(1)", Refused),
        (200, "https://files.acme.example@evil.example/1", Refused),
        (200, "/etc/passwd", Refused),
    ],
)
def test_a_file_that_cannot_be_had_says_what_to_do(tmp_path, status, source, error):
    held = Held(status)
    with pytest.raises(error) as raised:
        fetched(plugin(tmp_path, fetching()), source, held)
    assert type(raised.value) is error
    assert held.open == 0


def test_a_file_nobody_reads_to_its_end_is_let_go(tmp_path):
    held = Held()

    async def run():
        config = configured(plugin(tmp_path, fetching()).Config, {**SETTINGS, "sender": "5"})
        acme = plugin(tmp_path, fetching())(config, Tools("acme", held))
        file = await acme.fetch("https://api.acme.example/1")
        assert held.open == 1
        await file.chunks.aclose()

    asyncio.run(run())
    assert held.open == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (fetching('fetch: {url: "https://elsewhere.example/{file_id}"}\n'), "a file that is named by an id is at"),
        (fetching('fetch: {headers: {x-key: "{wrd}"}}\n'), r"27:26: .*\{wrd\} is neither a setting"),
        (fetching("fetch: {host: [a]}\n"), 'did you mean "hosts"'),
        (LINKED.replace("files: media\n", "files: {path: media, from: url}\n"), "unknown key"),
        (ACME.replace("  success:", f"{MEDIA}  success:"), "send.media.setting: no setting of type flag"),
        (ACME.replace("  success:", "  media: {most: 5, kinds: {picture: x}}\n  success:"), "send.media.kinds"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)


SENDS = (
    ACME.replace(FLAG, f"  mms: {{type: flag, help: Whether., default: false}}\n{FLAG}")
    .replace("  success:", f"{MEDIA}  success:")
    .replace('text: "{text}",', 'text: "{text}", pics: "{file_urls}", as: "{file_kind}",', 1)
)
ELSEWHERE = SENDS.replace(
    "    album: 2\n",
    '    album: 2\n    url: "{api_base}/pictures"\n'
    '    json: {one: "{file_url}", mime: "{file_type}", name: "{file_name}", words: "{text}"}\n',
)


def picture(n, url="https://hub.example.com/f/{}"):
    part = MediaPart(attachment_id=f"a{n}", kind=MediaKind.IMAGE, media_type="image/png")
    return part, File(f"a{n}", Path("/nowhere"), "image/png", f"{n}.png", 3, url and url.format(n))


def sent(kind, words, *pictures):
    class Answering(simulator_of(kind)):
        async def answer(self, request):  # noqa: ARG002 - whatever is asked
            return Reply.json({"done": True, "id": 12})

    payload = Payload(text=words, media=tuple(part for part, _ in pictures))
    to = Address(scheme="tel", value="+447700900222")
    outbound = Outbound("0199/1", to, payload, files={file.attachment_id: file for _, file in pictures})

    async def run(provider):
        config = configured(kind.Config, {**provider.settings(), "mms": True})
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            await kind(config, Tools("acme", http, webhook_url=URL)).send(outbound)
        finally:
            await http.close()

    with Answering(SETTINGS) as provider:
        asyncio.run(run(provider))
    (request,) = provider.requests
    return request.path, json.loads(request.body)


def test_files_stand_in_the_same_request_where_they_have_no_other(tmp_path):
    kind = plugin(tmp_path, SENDS)
    rest = {"tags": ["0199/1", 1], "extra": {"hook": f"{URL}?t=0199%2F1"}}
    pictures = ["https://hub.example.com/f/1", "https://hub.example.com/f/2"]
    assert sent(kind, "look", picture(1), picture(2))[1] == {"text": "look", "pics": pictures, "as": "photo", **rest}
    assert sent(kind, "", picture(1))[1] == {"pics": pictures[:1], "as": "photo", **rest}
    assert sent(kind, "look")[1] == {"text": "look", **rest}


def test_files_may_have_a_request_of_their_own(tmp_path):
    kind = plugin(tmp_path, ELSEWHERE)
    own = {"one": "https://hub.example.com/f/1", "mime": "image/png", "name": "1.png", "words": "look"}
    assert sent(kind, "look", picture(1)) == ("/pictures", own)
    assert sent(kind, "look")[0] == "/send/447700900222"


def test_a_file_without_an_address_does_not_leave(tmp_path):
    with pytest.raises(Refused, match="no address to fetch attachment a1 from"):
        sent(plugin(tmp_path, SENDS), "", picture(1, url=None))


def test_only_where_the_flag_is_on_files_go_as_they_are(tmp_path):
    kind = plugin(tmp_path, SENDS)
    off, on = (kind.described(configured(kind.Config, {**SETTINGS, "mms": flag})).capability for flag in (False, True))
    assert off.media is None
    assert on.media.kinds == on.media.album_kinds == {MediaKind.IMAGE}
    assert (on.media.octets("image/jpeg"), on.media.octets("image/png"), on.media.album) == (1000, 500, 2)
    assert on.media.caption == on.text
    assert replace(made(kind).info, capability=on) == kind.info


FIXTURES = Path(__file__).parents[2] / "connectors" / "channels" / "bandwidth" / "fixtures"


class WithFiles(Bandwidth):
    """Bandwidth, which also keeps the files of messages, for whoever has the password."""

    async def answer(self, request):
        if "/media/" not in request.path:
            return await super().answer(request)
        if "authorization" not in request.headers:
            return Reply(401)
        return Reply(200, b"octets of a picture", {"content-type": "image/jpeg"})

    def picture(self):
        (event,) = json.loads(self.message(""))
        event["message"]["media"] = [f"{self.url}/api/v2/users/9900000/media/1/0.jpg"]
        return json.dumps([event]).encode()


def test_a_picture_comes_into_the_hub_and_leaves_it_as_one(tmp_path):
    async def test(provider):
        async with beside.running(tmp_path, "bandwidth", provider) as at:
            assert await at.heard(provider.genuine(provider.picture())) == 200
            await eventually(lambda: rows(at.hub, "SELECT state FROM attachments") == [("stored",)])
            ((id_, sha256, media_type),) = rows(at.hub, "SELECT id, sha256, media_type FROM attachments")
            assert at.hub.files.path(sha256).read_bytes() == b"octets of a picture"
            assert (texts(at.hub), media_type) == (["[image]"], "image/jpeg")
            await at.say("this?", parts=(MediaPart(attachment_id=id_, kind=MediaKind.IMAGE, media_type=media_type),))
            await eventually(lambda: at.statuses() == ["accepted"])
        sent = json.loads(next(each for each in provider.performed if each.method == "POST").body)
        assert sent["text"] == "this?"
        assert [link.partition("?")[0] for link in sent["media"]] == [f"{beside.HUB}/v1/attachments/{id_}"]

    with WithFiles(read_fixtures(FIXTURES).config, beside.HOOK) as provider:
        asyncio.run(test(provider))
