"""What Slack tells that the hub deliberately does not keep, and why.

Source: docs.slack.dev/reference/events, docs.slack.dev/reference/events/message#subtypes (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

_MEMBERS: Final = "a channel's members are not kept"
_CHANNELS: Final = "channels are not kept, only what is said in them"
_WORKSPACE: Final = "the workspace itself is not kept"
_FILES: Final = "files come with the messages that carry them"
_REMOVED: Final = "the app was removed or lost its token: sending will tell"

IGNORED: Final[Mapping[str, str]] = {
    "app_mention": "the message that mentions us comes as a message as well",
    "member_joined_channel": _MEMBERS,
    "member_left_channel": _MEMBERS,
    "team_join": _WORKSPACE,
    "user_change": _WORKSPACE,
    "user_profile_changed": _WORKSPACE,
    "team_rename": _WORKSPACE,
    "team_domain_change": _WORKSPACE,
    "emoji_changed": _WORKSPACE,
    "app_home_opened": "opening the app's home says nothing",
    "app_uninstalled": _REMOVED,
    "tokens_revoked": _REMOVED,
    "file_shared": _FILES,
    "file_created": _FILES,
    "file_change": _FILES,
    "file_public": _FILES,
    "file_deleted": _FILES,
    "link_shared": "links are not unfurled",
    "pin_added": "pins are not kept",
    "pin_removed": "pins are not kept",
    "im_created": _CHANNELS,
    "im_open": _CHANNELS,
    "im_close": _CHANNELS,
    **{
        f"{place}_{change}": _CHANNELS
        for place in ("channel", "group")
        for change in (
            *("archive", "unarchive", "rename", "deleted", "left", "open", "close", "created", "history_changed"),
            *("shared", "unshared", "id_changed"),
        )
    },
}
"""Kinds of event that are understood and not kept."""

SERVICE: Final = frozenset(
    {
        *(
            f"{place}_{change}"
            for place in ("channel", "group")
            for change in ("join", "leave", "topic", "purpose", "name", "archive", "unarchive", "posting_permissions")
        ),
        *("channel_convert_to_private", "ekm_access_denied", "message_replied", "pinned_item", "unpinned_item"),
        *("bot_add", "bot_remove", "reminder_add", "tombstone", "assistant_app_thread"),
    }
)
"""Messages that Slack itself writes into a channel, by subtype."""

INTERACTIONS: Final[Mapping[str, str]] = {
    "view_submission": "views are not opened",
    "view_closed": "views are not opened",
    "block_suggestion": "menus are not sent",
    "shortcut": "shortcuts are not served",
    "message_action": "shortcuts are not served",
    "interactive_message": "buttons of attachments are not sent",
}
"""Kinds of interaction that are understood and not kept."""
