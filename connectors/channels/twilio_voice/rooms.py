"""Rooms at Twilio: one whose agents have all left is closed, so that no caller stays in it alone.

Source: twilio.com/docs/voice/api/conference-resource, /docs/voice/api/conference-participant-resource (read 2026-11).
"""

from typing import Final
from urllib.parse import urlencode

import msgspec

from connectors.families.twilio.api import Api


class Conference(msgspec.Struct, frozen=True):
    sid: str


class Conferences(msgspec.Struct, frozen=True):
    conferences: list[Conference] = []


class Participant(msgspec.Struct, frozen=True):
    call_sid: str


class Participants(msgspec.Struct, frozen=True):
    participants: list[Participant] = []


CONFERENCE: Final = msgspec.json.Decoder(Conference)
CONFERENCES: Final = msgspec.json.Decoder(Conferences)
PARTICIPANTS: Final = msgspec.json.Decoder(Participants)


async def close_if_alone(api: Api, call: str) -> None:
    """Ends the room of this call where its caller is all that is left. Raises Temporary, Misconfigured, Refused."""
    query = urlencode({"FriendlyName": call, "Status": "in-progress"})
    found = await api.get(api.account(f"/Conferences.json?{query}"), CONFERENCES)
    for room in found.conferences:
        there = await api.get(api.account(f"/Conferences/{room.sid}/Participants.json"), PARTICIPANTS)
        if all(each.call_sid == call for each in there.participants):
            await api.change(api.account(f"/Conferences/{room.sid}.json"), {"Status": "completed"}, CONFERENCE)
