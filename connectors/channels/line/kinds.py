"""What LINE tells that the hub deliberately does not keep, and why.

Source: `webhook.yml` of line-openapi, developers.line.biz/en/reference/messaging-api/#webhook-event-objects
(read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

STANDBY: Final = "standby: another module of this account has the chat"

IGNORED: Final[Mapping[str, str]] = {
    "memberJoined": "a group's members are not kept",
    "memberLeft": "a group's members are not kept",
    "videoPlayComplete": "how long a video was watched is not kept",
    "beacon": "beacons are not served",
    "accountLink": "account links are not served",
    "membership": "paid memberships are not kept",
    "module": "modules are not served",
    "activated": "modules are not served",
    "deactivated": "modules are not served",
    "botSuspended": "modules are not served",
    "botResumed": "modules are not served",
    "delivery": "notification messages are not sent",
}
"""Kinds of event that are understood and not kept."""
