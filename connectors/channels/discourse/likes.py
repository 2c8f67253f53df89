"""Likes of ours: a post knows whether it has one, and whether it may.

Source: github.com/discourse/discourse, app/controllers/post_actions_controller.rb, app/serializers/post_serializer.rb
(`actions_summary`) (read 2026-11).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from connectors.channels.discourse.event import ACTED, Action
from connectors.kit.base import OutboundReaction
from connectors.kit.errors import BadPayload, Refused, Temporary
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

LIKE: Final = 2
"""The kind of a post's action."""
Ask = Callable[[str, str, dict[str, Any] | None], Awaitable[bytes]]


async def set_like(ask: Ask, outbound: OutboundReaction) -> None:
    """Raises the sending errors."""
    topic, _, number = outbound.external_id.partition("/")
    if not (topic.isdecimal() and number.isdecimal()):
        raise Refused("no post that could be liked", code=ErrorCode.CONTENT_UNSUPPORTED)
    told = await ask("GET", f"/posts/by_number/{topic}/{number}.json", None)
    try:
        post = decode(told, ACTED)
    except BadPayload as error:
        raise Temporary(f"an answer that cannot be read: {error.detail}", code=ErrorCode.PROVIDER_DOWN) from None
    like = next((action for action in post.actions_summary if action.id == LIKE), Action(LIKE))
    wanted = outbound.reaction is not None
    if like.acted is wanted:
        return
    if not (like.can_act if wanted else like.can_undo):
        raise Refused("the forum does not let us", code=ErrorCode.POLICY_REJECTED)
    if wanted:
        await ask("POST", "/post_actions.json", {"id": post.id, "post_action_type_id": LIKE})
    else:
        await ask("DELETE", f"/post_actions/{post.id}.json?post_action_type_id={LIKE}", None)
