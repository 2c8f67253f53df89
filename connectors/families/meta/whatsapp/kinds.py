"""The words WhatsApp uses for what changed, and what they are to us.

Source: developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components, and pywa 4.5 (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

from normalizer.model import ConsentState
from normalizer.status import Status

STATUSES: Final[Mapping[str, Status]] = {
    "sent": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
MARKETING: Final = "marketing_messages"
CONSENT: Final[Mapping[str, ConsentState]] = {
    "stop": ConsentState.OPTED_OUT,
    "resume": ConsentState.OPTED_IN,
    "signup": ConsentState.OPTED_IN,
}
SYSTEM: Final = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
UNSAID: Final[Mapping[str, str]] = {
    "request_welcome": "somebody opened the chat and has said nothing yet",
    "deleted": "what the account deleted of its own",
    "warning": "a warning about a message that leaves all the same",
}
"""Kinds of message and status that are understood and not kept."""
IGNORED: Final[Mapping[str, str]] = {
    "account_alerts": "about the account",
    "account_review_update": "about the account",
    "account_settings_update": "about the account",
    "account_update": "about the account",
    "automatic_events": "about advertising",
    "business_capability_update": "about the account",
    "business_status_update": "about the account",
    "calls": "calls are not served",
    "flows": "about forms",
    "group_lifecycle_update": "groups are not managed here",
    "group_participants_update": "groups are not managed here",
    "group_settings_update": "groups are not managed here",
    "group_status_update": "groups are not managed here",
    "history": "what was said before the number came here",
    "message_template_components_update": "templates are asked for when one is sent",
    "message_template_quality_update": "templates are asked for when one is sent",
    "message_template_status_update": "templates are asked for when one is sent",
    "payment_configuration_update": "about the account",
    "phone_number_name_update": "about the number",
    "phone_number_quality_update": "about the number",
    "security": "about the account",
    "smb_app_state_sync": "the app's address book",
    "standby": "another app has the thread",
    "template_category_update": "templates are asked for when one is sent",
    "tracking_events": "about advertising",
}
"""Fields whose changes are understood and not kept."""
