"""vk_api judges: keyboards are what it would send."""

import json

from vk_api.keyboard import VkKeyboard

from connectors.channels.vk.buttons import keyboard
from normalizer.parts import LinkAction, PostbackAction, ReplyAction, ShareLocationAction


def test_a_keyboard_is_the_one_vk_api_makes():
    theirs = VkKeyboard(inline=True)
    theirs.add_button("Where is it?", payload={"value": "parcel:where"})
    theirs.add_line()
    theirs.add_callback_button("Yes", payload={"value": "yes", "label": "Yes"})
    theirs.add_line()
    theirs.add_openlink_button("Shop", "https://shop.example.com/")
    theirs.add_line()
    theirs.add_location_button()
    wanted = json.loads(theirs.get_keyboard())
    ours = json.loads(
        keyboard(
            (
                ReplyAction(label="Where is it?", value="parcel:where"),
                PostbackAction(label="Yes", value="yes"),
                LinkAction(label="Shop", url="https://shop.example.com/"),
                ShareLocationAction(label="Here"),
            )
        )
    )
    assert [plain(line) for line in ours["buttons"]] == [plain(line) for line in wanted["buttons"]]
    assert ours["inline"] == wanted["inline"]


def plain(line):
    """Colours are theirs to default, an absent payload is none, and a payload is read rather than compared as text."""
    ((button,), shown) = line, {}
    for name, value in button["action"].items():
        if value is not None:
            shown[name] = json.loads(value) if name == "payload" else value
    return shown
