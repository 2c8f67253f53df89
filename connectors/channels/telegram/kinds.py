"""What Telegram tells that the hub deliberately does not keep, and why.

Source: core.telegram.org/bots/api#update, #message (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

IGNORED: Final[Mapping[str, str]] = {
    "channel_post": "a channel's post is a broadcast, addressed to nobody",
    "edited_channel_post": "a channel's post is a broadcast, addressed to nobody",
    "business_connection": "a business connection's rights are not kept; its messages are",
    "guest_message": "a bot is not a guest in chats it does not serve",
    "message_reaction_count": "anonymous reactions have no author",
    "inline_query": "inline mode is not served",
    "chosen_inline_result": "inline mode is not served",
    "shipping_query": "payments are not served",
    "pre_checkout_query": "payments are not served",
    "purchased_paid_media": "payments are not served",
    "poll": "a poll's count is nobody's message",
    "poll_answer": "polls are not sent",
    "chat_member": "a group's members are not kept",
    "chat_join_request": "a group's members are not kept",
    "chat_boost": "boosts are not kept",
    "removed_chat_boost": "boosts are not kept",
    "managed_bot": "other bots are not managed",
}
"""Kinds of update that are understood and not kept."""

SERVICE: Final = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "pinned_message",
        "connected_website",
        "write_access_allowed",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway_completed",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
        "paid_message_price_changed",
        "direct_message_price_changed",
        "chat_owner_changed",
        "chat_owner_left",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "suggested_post_approved",
        "suggested_post_declined",
        "suggested_post_approval_failed",
        "suggested_post_paid",
        "suggested_post_refunded",
        "poll_option_added",
        "poll_option_deleted",
        "managed_bot_created",
        "gift_upgrade_sent",
    }
)
"""Messages Telegram itself writes into a chat."""
