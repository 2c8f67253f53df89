"""One call to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from hashlib import sha256

import msgspec

from connectors.channels.wechat.content import content
from connectors.channels.wechat.event import Happened, Posted, Said, typed
from connectors.channels.wechat.happening import happening, moment, peer
from connectors.channels.wechat.reading import Tree
from connectors.kit.errors import BadPayload
from normalizer.inbound import Inbound, MessageReceived, Unreadable

EVENT = "event"


def parse(tree: Tree, body: bytes, *, positions: bool = False) -> list[Inbound]:
    """What one opened call says; `body` is the call as it came. Raises BadPayload where not even who, when and which
    kind can be read."""
    posted = typed(tree, Posted)
    try:
        if posted.msg_type == EVENT:
            return happening(typed(tree, Happened), tree, positions=positions)
        return [_message(tree)]
    except BadPayload as error:
        return [Unreadable(key=_unread(tree), slice=body, reason=error.detail)]


def _message(tree: Tree) -> Inbound:
    said = typed(tree, Said)
    text, parts, media = content(said.msg_type, tree)
    return MessageReceived(
        key=f"message:{said.msg_id}",
        external_id=said.msg_id,
        peer=peer(said),
        text=text,
        parts=parts,
        media=media,
        occurred_at=moment(said),
    )


def _unread(tree: Tree) -> str:
    """Of what was opened: an envelope is another one each time it comes."""
    return f"unread:{sha256(msgspec.json.encode(tree)).hexdigest()}"
