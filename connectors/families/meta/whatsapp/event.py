"""What we read of a webhook's changes; every other key is passed over.

Source: developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components, /payload-examples, and the business-scoped
user ids of developers.facebook.com/documentation/business-messaging/whatsapp (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

from connectors.families.meta.moment import Stamp

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
"""An id of theirs."""


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Change(_Wire, frozen=True, kw_only=True):
    field: str
    value: msgspec.Raw


class Metadata(_Wire, frozen=True, kw_only=True):
    phone_number_id: str | None = None


class Profile(_Wire, frozen=True, kw_only=True):
    name: str | None = None
    username: str | None = None


class Contact(_Wire, frozen=True, kw_only=True):
    profile: Profile = Profile()
    wa_id: str | None = None
    user_id: str | None = None


class Problem(_Wire, frozen=True, kw_only=True):
    code: int | None = None
    title: str = ""


class Value(_Wire, frozen=True, kw_only=True):
    """Each list holds items that are read on their own."""

    metadata: Metadata = Metadata()
    contacts: list[Contact] = []
    messages: list[msgspec.Raw] = []
    message_echoes: list[msgspec.Raw] = []
    statuses: list[msgspec.Raw] = []
    user_preferences: list[msgspec.Raw] = []
    errors: list[Problem] = []


class Quoted(_Wire, frozen=True, kw_only=True):
    id: Name | None = None


class Said(_Wire, frozen=True, kw_only=True):
    """What every message says of itself. `to` stands in echoes of ours."""

    id: Name
    type: str
    timestamp: Stamp
    from_: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    to_user_id: str | None = None
    group_id: Name | None = None
    context: Quoted = Quoted()
    referral: dict[str, Any] = {}


class Words(_Wire, frozen=True, kw_only=True):
    body: str


class Held(_Wire, frozen=True, kw_only=True):
    id: Name
    mime_type: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool = False


class Place(_Wire, frozen=True, kw_only=True):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: str | None = None
    address: str | None = None


class CardName(_Wire, frozen=True, kw_only=True):
    formatted_name: str = ""


class CardPhone(_Wire, frozen=True, kw_only=True):
    phone: str | None = None
    wa_id: str | None = None


class CardMail(_Wire, frozen=True, kw_only=True):
    email: str | None = None


class CardOrg(_Wire, frozen=True, kw_only=True):
    company: str | None = None


class Card(_Wire, frozen=True, kw_only=True):
    name: CardName = CardName()
    phones: list[CardPhone] = []
    emails: list[CardMail] = []
    org: CardOrg = CardOrg()


class Button(_Wire, frozen=True, kw_only=True):
    text: str
    payload: str | None = None


class Picked(_Wire, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    title: str = ""


class Form(_Wire, frozen=True, kw_only=True):
    name: str = ""
    body: str = ""
    response_json: str = ""


class Interactive(_Wire, frozen=True, kw_only=True):
    type: str
    button_reply: Picked | None = None
    list_reply: Picked | None = None
    nfm_reply: Form | None = None


class Reaction(_Wire, frozen=True, kw_only=True):
    message_id: Name
    emoji: str = ""
    """Empty: taken back."""


class Original(_Wire, frozen=True, kw_only=True):
    original_message_id: Name
    message: msgspec.Raw = msgspec.Raw(b"{}")


class Order(_Wire, frozen=True, kw_only=True):
    text: str | None = None
    product_items: list[dict[str, Any]] = []


class System(_Wire, frozen=True, kw_only=True):
    type: str = ""
    wa_id: str | None = None
    new_wa_id: str | None = None
    user_id: str | None = None


class Unsupported(_Wire, frozen=True, kw_only=True):
    type: str = ""


class Message(_Wire, frozen=True, kw_only=True):
    """The content of a message: one of these, by its type."""

    type: str
    text: Words | None = None
    image: Held | None = None
    video: Held | None = None
    audio: Held | None = None
    voice: Held | None = None
    document: Held | None = None
    sticker: Held | None = None
    location: Place | None = None
    contacts: list[Card] = []
    button: Button | None = None
    interactive: Interactive | None = None
    order: Order | None = None
    unsupported: Unsupported | None = None
    errors: list[Problem] = []


class Reacted(_Wire, frozen=True, kw_only=True):
    reaction: Reaction


class Edited(_Wire, frozen=True, kw_only=True):
    edit: Original


class Revoked(_Wire, frozen=True, kw_only=True):
    revoke: Original


class Moved(_Wire, frozen=True, kw_only=True):
    system: System


class Status(_Wire, frozen=True, kw_only=True):
    id: Name
    status: str
    timestamp: Stamp
    recipient_id: str | None = None
    recipient_type: str | None = None
    recipient_participant_id: str | None = None
    recipient_participant_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    errors: list[Problem] = []


class Preference(_Wire, frozen=True, kw_only=True):
    wa_id: str | None = None
    user_id: str | None = None
    category: str
    value: str
    timestamp: Stamp


CHANGE = msgspec.json.Decoder(Change)
VALUE = msgspec.json.Decoder(Value)
SAID = msgspec.json.Decoder(Said)
MESSAGE = msgspec.json.Decoder(Message)
REACTED = msgspec.json.Decoder(Reacted)
EDITED = msgspec.json.Decoder(Edited)
REVOKED = msgspec.json.Decoder(Revoked)
MOVED = msgspec.json.Decoder(Moved)
STATUS = msgspec.json.Decoder(Status)
PREFERENCE = msgspec.json.Decoder(Preference)
RAW = msgspec.json.Decoder(dict[str, Any])
