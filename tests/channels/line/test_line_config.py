import msgspec
import pytest
from line_channel import PREVIEW, SETTINGS, TOKEN, plugin

from connectors.channels.line.capability import CAPABILITY
from connectors.channels.line.config import Config
from connectors.kit.base import Checks, Fetches, Registers, Types
from connectors.kit.config import configured
from normalizer.parts import MediaKind, MediaPart
from normalizer.render import render


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "channel_secret": ""}, "channel_secret: empty"),
        ({**SETTINGS, "access_token": "short"}, "access_token: not what a header can hold"),
        ({**SETTINGS, "access_token": f"{TOKEN}\r\nx: y"}, "access_token: not what a header can hold"),
        ({**SETTINGS, "preview_picture": "http://example.com/x.png"}, "preview_picture: not an https address"),
        ({**SETTINGS, "preview_picture": f"https://{'x' * 2000}"}, "preview_picture: not an https address"),
        ({**SETTINGS, "typing_seconds": 7}, "typing_seconds"),
        ({**SETTINGS, "typing_seconds": 65}, "typing_seconds"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert TOKEN not in str(error.value)


def test_it_has_the_abilities_it_says() -> None:
    for ability in (Checks, Registers, Fetches, Types):
        assert isinstance(plugin(), ability)


def test_with_a_preview_all_is_expressed_that_the_channel_can() -> None:
    assert plugin({**SETTINGS, "preview_picture": PREVIEW}).info.capability == CAPABILITY


@pytest.mark.parametrize(
    ("kind", "media_type", "size"),
    [
        (MediaKind.VIDEO, "video/mp4", 1000),
        (MediaKind.IMAGE, "image/jpeg", 1_000_001),
        (MediaKind.IMAGE, "image/webp", 1000),
        (MediaKind.VOICE, "audio/ogg", 1000),
        (MediaKind.FILE, "application/pdf", 1000),
        (MediaKind.STICKER, "image/webp", 1000),
    ],
)
def test_without_a_preview_what_line_would_not_show_goes_as_a_link(kind: MediaKind, media_type: str, size: int) -> None:
    part = MediaPart(attachment_id="a1", kind=kind, media_type=media_type, name="it", size=size)
    links = {"a1": "https://hub.example.com/f"}
    rendered = render("see", (part,), (), plugin().info.capability, False, links)
    (payload,) = rendered.payloads
    assert (payload.text, payload.media) == ("see\nit: https://hub.example.com/f", ())


def test_text_and_files_share_a_push() -> None:
    parts = tuple(
        MediaPart(attachment_id=f"a{n}", kind=MediaKind.IMAGE, media_type="image/png", size=10) for n in range(4)
    )
    (payload,) = render("see", parts, (), CAPABILITY, False, {}).payloads
    assert (payload.text, payload.media) == ("see", parts)
