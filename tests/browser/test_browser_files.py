"""Files: picked, pasted, dropped; refused; sent again; and pictures of the screen."""

import re
import struct
import time
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.desk import Desk

pytestmark = pytest.mark.server("chromium")


def png(side: int = 8) -> bytes:
    """A picture, grey."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress((b"\0" + b"\x80" * side) * side)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="package")
def picture(folder: Path) -> Path:
    path = folder / "cat.png"
    path.write_bytes(png())
    return path


def give(customer: Customer, kind: str, target: str) -> None:
    """Pastes or drops a picture, as the browser tells of it."""
    customer.page.locator(target).evaluate(
        """(target, [kind, octets]) => {
          const given = new DataTransfer();
          given.items.add(new File([new Uint8Array(octets)], `${kind}.png`, { type: "image/png" }));
          const init = { bubbles: true, cancelable: true, composed: true };
          target.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { ...init, clipboardData: given })
            : new DragEvent("drop", { ...init, dataTransfer: given }));
        }""",
        [kind, list(png())],
    )


def test_a_picture_is_picked_sent_and_shown(customer: Customer, desk: Desk, picture: Path) -> None:
    customer.page.locator("input[type=file]").set_input_files(picture)
    expect(customer.page.locator(".files li")).to_contain_text("cat.png")
    customer.write("my cat")
    customer.sent()
    shown = customer.message("my cat").get_by_role("img", name="cat.png")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 8)
    [message] = desk.received(desk.conversation_of("my cat"))
    [part] = [part for part in message["parts"] if part["type"] == "media"]
    assert (part["kind"], part["media_type"], part["name"]) == ("image", "image/png", "cat.png")


def test_pictures_are_pasted_and_dropped(customer: Customer, desk: Desk) -> None:
    give(customer, "paste", "textarea")
    give(customer, "drop", ".chat")
    expect(customer.page.locator(".files li")).to_have_count(2)
    customer.write("two of them")
    customer.sent()
    expect(customer.log.get_by_role("img")).to_have_count(2)
    [message] = desk.received(desk.conversation_of("two of them"))
    assert sorted(part["name"] for part in message["parts"] if part["type"] == "media") == ["drop.png", "paste.png"]


def box(shown: Locator) -> FloatRect:
    """Where it is on the screen; what is drawn anew this moment is nowhere."""
    until = time.monotonic() + 10
    while (found := shown.bounding_box()) is None:
        assert time.monotonic() < until
    return found


def test_pictures_of_a_message_stand_two_in_a_row(customer: Customer) -> None:
    for n in range(3):
        give(customer, "paste", "textarea")
        expect(customer.page.locator(".files li")).to_have_count(n + 1)
    expect(customer.page.locator(".files progress")).to_have_count(0)
    customer.write("three of them")
    customer.sent()
    pictures = customer.message("three of them").locator(".media")
    expect(pictures).to_have_count(3)
    for n in range(3):
        expect(pictures.nth(n).get_by_role("img")).to_have_js_property("naturalWidth", 8)
    where = "all => all.map((each) => each.getBoundingClientRect()).map(({ x, y, width }) => [x, y, width])"
    first, second, third = pictures.evaluate_all(where)
    assert (first[1], first[2]) == (second[1], second[2])
    assert (third[0], third[1] > first[1], second[0] > first[0]) == (first[0], True, True)


def test_a_long_name_pushes_nothing_off_the_screen(customer: Customer) -> None:
    customer.page.set_viewport_size({"width": 320, "height": 480})
    names = [f"{'a long name ' * 12}.png", f"{'w' * 200}.png"]
    pictures = [{"name": name, "mimeType": "image/png", "buffer": png()} for name in names]
    customer.page.locator("input[type=file]").set_input_files(pictures)
    removals = customer.page.get_by_role("button", name="Remove")
    expect(removals).to_have_count(2)
    for shown in (customer.page.locator(".send"), *removals.all()):
        assert box(shown)["x"] + box(shown)["width"] <= 320


def test_a_file_of_another_kind_is_refused_before_and_after_it_was_sent(customer: Customer, folder: Path) -> None:
    (folder / "run.exe").write_bytes(b"MZ" + bytes(100))
    (folder / "lie.png").write_bytes(b"MZ" + bytes(100))
    customer.page.locator("input[type=file]").set_input_files([folder / "run.exe", folder / "lie.png"])
    refusals = customer.page.get_by_role("alert")
    expect(refusals).to_have_text(["Files of this kind are not taken"] * 2)
    customer.page.get_by_role("button", name="Remove run.exe").click()
    customer.page.get_by_role("button", name="Remove lie.png").click()
    expect(customer.page.locator(".files li")).to_have_count(0)


def test_an_upload_the_network_cut_is_tried_again(customer: Customer, desk: Desk, picture: Path) -> None:
    uploads = re.compile("/files")
    customer.page.route(uploads, lambda route: route.abort())
    customer.page.locator("input[type=file]").set_input_files(picture)
    expect(customer.page.get_by_role("alert")).to_have_text("Not sent")
    customer.page.unroute(uploads)
    customer.page.get_by_role("button", name="Try again cat.png").click()
    customer.write("at the second try")
    customer.sent()
    expect(customer.message("at the second try").get_by_role("img")).to_be_visible()
    assert desk.conversation_of("at the second try")


def test_what_was_being_written_is_there_after_a_reload(customer: Customer, picture: Path) -> None:
    customer.box.fill("half a sen")
    customer.page.locator("input[type=file]").set_input_files(picture)
    expect(customer.page.locator(".files li")).to_have_count(1)
    expect(customer.page.locator(".files progress")).to_have_count(0)
    customer.page.reload()
    customer.until_live()
    expect(customer.box).to_have_value("half a sen")
    expect(customer.page.locator(".files li")).to_contain_text("cat.png")


SCREEN = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [64, 48];
  canvas.getContext("2d").fillRect(0, 0, 64, 48);
  return canvas.captureStream();
};
"""
"""There is no screen here to pick; a canvas streams as one would."""


def test_a_screenshot_is_taken_and_sent(desk: Desk, stranger: Come) -> None:
    customer = stranger(desk.page, init=SCREEN).come()
    customer.page.get_by_role("button", name="Take a screenshot").click()
    expect(customer.page.locator(".files li")).to_contain_text("screenshot.png")
    customer.write("what I see")
    customer.sent()
    shown = customer.message("what I see").get_by_role("img", name="screenshot.png")
    expect(shown).to_have_js_property("naturalWidth", 64)
