"""Files of customers: known by their first octets, sent by whoever uploaded them, seen by who sees the message."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.chat.talk import PATIENCE, answer, by, chatting, live, token, visitor
from tests.web.parrot import Served

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PDF = b"%PDF-1.7\n" + b"x" * 100_000


def upload(served: Served, shown: str, body: Any, media_type: str = "", name: str = "a.bin") -> requests.Response:
    headers = by(shown) | ({"Content-Type": media_type} if media_type else {})
    return requests.post(f"{served.url}/chat/app/files", body, params={"name": name}, headers=headers, timeout=PATIENCE)


def local(served: Served, url: str) -> str:
    """The link, at the port of the tests."""
    return url.replace("http://127.0.0.1:8080", served.url)


def test_a_file_is_uploaded_sent_and_seen_on_every_device(served: Served) -> None:
    shown = token()
    taken = upload(served, shown, PNG, "image/png", "C:\\pictures\\shot.png")
    assert taken.status_code == 201, taken.text
    file = taken.json()
    assert (file["media_type"], file["size"], file["name"]) == ("image/png", len(PNG), "shot.png")
    with live(served, shown) as phone, live(served, shown) as laptop:
        phone.write("", "m-1", files=[file["id"]])
        laptop.until_texts("")
        [message] = laptop.messages.values()
    [part] = message["parts"]
    assert (part["type"], part["kind"], part["attachment_id"]) == ("media", "image", file["id"])
    origin = {"Origin": "https://app.example.com"}
    got = requests.get(local(served, part["url"]), headers=origin, timeout=PATIENCE)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PNG, "image/png")
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert got.headers["access-control-allow-origin"] == "https://app.example.com"
    assert got.headers["x-content-type-options"] == "nosniff"
    spoilt = requests.get(local(served, part["url"])[:-1] + "x", timeout=PATIENCE)
    assert spoilt.status_code == 403


def test_a_large_file_streams_in_and_a_part_of_it_out(served: Served) -> None:
    file = upload(served, token(), iter([PDF[:10], PDF[10:70_000], PDF[70_000:]]), "application/pdf").json()
    assert file["size"] == len(PDF)
    part = requests.get(local(served, file["url"]), headers={"Range": "bytes=0-3"}, timeout=PATIENCE)
    assert (part.status_code, part.content) == (206, b"%PDF")


@pytest.mark.parametrize(
    ("body", "told", "found"),
    [
        (b"GIF89a....", "image/png", "image/gif"),
        (b"\x00\x00\x00\x18ftypmp42....", "audio/mp4", "audio/mp4"),
        (b"RIFF....WEBPVP8 ", "", "image/webp"),
        ("Grüße, 你好\n".encode(), "text/plain; charset=utf-8", "text/plain"),
        (b"\x1a\x45\xdf\xa3....", "video/webm", "video/webm"),
    ],
)
def test_a_file_is_what_it_begins_as(served: Served, body: bytes, told: str, found: str) -> None:
    assert upload(served, token(), body, told).json()["media_type"] == found


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html><script>alert(1)</script>", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf <!DOCTYPE html>", "text/plain"),
        (b"MZ\x90\x00\x03", "image/jpeg"),
        (b"\x7fELF", "application/pdf"),
        (b"PK\x03\x04....", "image/png"),
        (b"\xff\xfe\x00\x01", "text/plain"),
    ],
)
def test_a_file_of_another_type_is_refused_whatever_it_says_to_be(served: Served, body: bytes, told: str) -> None:
    refused = upload(served, token(), body, told)
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")
    assert list(served.hub.files.hashes()) == []


def test_a_file_that_is_too_large_or_empty_is_refused(tmp_path: Path) -> None:
    with chatting(tmp_path, file_octets=1000, uploads_per_minute=4) as served:
        assert upload(served, token(), PDF, "application/pdf").status_code == 413
        assert upload(served, token(), iter([PDF[:500], PDF[500:2000]]), "application/pdf").status_code == 413
        assert upload(served, token(), b"").status_code == 422
        assert upload(served, token(), PNG).status_code == 201
        assert upload(served, token(), PNG).status_code == 429
        assert len(list(served.hub.files.hashes())) == 1


def test_nobody_sends_or_opens_anothers_file(served: Served) -> None:
    ann, eve = visitor(served.url), visitor(served.url)
    file = upload(served, ann, PNG).json()
    with live(served, eve) as device:
        device.say("message", client_id="m-1", text="look", files=[file["id"]])
        assert device.until("error")["code"] == "not_found"
    address = f"{served.url}/chat/app/files/{file['id']}"
    assert requests.get(address, headers=by(eve), timeout=PATIENCE).status_code == 404
    assert requests.get(address, timeout=PATIENCE).status_code == 401
    assert requests.get(address, headers=by(ann), timeout=PATIENCE).json()["size"] == len(PNG)


def test_an_agents_file_is_opened_by_who_sees_its_message(served: Served) -> None:
    ann, eve = visitor(served.url), visitor(served.url)
    stored = served.ask("POST", "/v1/attachments", data=PNG, headers={"Content-Type": "image/png"}).json()["attachment"]
    part = {"type": "media", "attachment_id": stored["id"], "kind": "image", "media_type": "image/png"}
    with live(served, ann) as device:
        ack = device.write("Hi", "m-1")
        message = answer(served, ack["conversation"], "", parts=[part])
        device.until_texts("Hi", "")
        url = device.messages[message["id"]]["parts"][0]["url"]
    assert requests.get(local(served, url), timeout=PATIENCE).content == PNG
    address = f"{served.url}/chat/app/files/{stored['id']}?message={message['id']}"
    assert requests.get(address, headers=by(eve), timeout=PATIENCE).status_code == 404
    renewed = requests.get(address, headers=by(ann), timeout=PATIENCE).json()
    assert requests.get(local(served, renewed["url"]), timeout=PATIENCE).content == PNG
