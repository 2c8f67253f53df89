"""The rooms of the simulated account, and who is in them."""

from dataclasses import dataclass, field
from typing import Any

from connectors.families.twilio.simulated import Fault
from connectors.kit.testing.simulator import Reply


@dataclass
class Room:
    sid: str
    name: str
    inside: list[str] = field(default_factory=list)
    """SIDs of the calls, the caller's first."""
    is_open: bool = True


@dataclass
class Rooms:
    known: dict[str, Room] = field(default_factory=dict)
    """By SID."""

    def entered(self, name: str, call: str) -> Room:
        room = next((one for one in self.known.values() if one.name == name and one.is_open), None)
        if room is None:
            sid = f"CF{len(self.known) + 1:032x}"
            room = self.known[sid] = Room(sid, name)
        room.inside.append(call)
        return room

    def asked(self, rest: str, query: dict[str, str], form: dict[str, str]) -> Reply:
        """What the API answers. Raises Fault."""
        if rest == ".json":
            wanted = (query.get("FriendlyName"), query.get("Status") == "in-progress")
            found = [one for one in self.known.values() if (one.name, one.is_open) == wanted]
            return Reply.json({"conferences": [_told(one) for one in found], "next_page_uri": None})
        sid, _, under = rest.removeprefix("/").removesuffix(".json").partition("/")
        room = self.known.get(sid)
        if room is None:
            raise Fault(20404)
        if under == "Participants":
            return Reply.json({"participants": [{"call_sid": one, "conference_sid": sid} for one in room.inside]})
        if form.get("Status") == "completed":
            room.is_open = False
            room.inside.clear()
        return Reply.json(_told(room))


def _told(room: Room) -> dict[str, Any]:
    return {"sid": room.sid, "friendly_name": room.name, "status": "in-progress" if room.is_open else "completed"}
