"""The route table: what is served, by whom it may be asked for, and what OpenAPI says of it."""

from gateway.api import attachments, conversations, feeding, messages, operations, shapes, webhooks
from gateway.api.connecting import CONNECTORS
from gateway.api.contacts import CONTACTS
from gateway.api.deliveries import DELIVERIES
from gateway.api.descriptions import DESCRIPTIONS
from gateway.api.inboxes import INBOXES
from gateway.api.openapi import describe
from gateway.api.presence import PRESENCE
from gateway.api.route import Route
from gateway.api.subscription_routes import SUBSCRIPTIONS
from gateway.keys import Scope
from normalizer.commands import Command, SendMessage

WEBHOOKS = (
    Route(
        method="POST",
        also=("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
        path="/in/{connector}",
        do=webhooks.take,
        scope=None,
        summary="A provider's webhook",
        about="Taken with any method, verified by the provider's own scheme, and answered, once it is durable, as that"
        " provider expects. A request that is not the provider's gets 401 or 403 and leaves nothing. A genuine one that"
        " cannot be read is quarantined and succeeds. 503 says that nothing was stored and to come again."
        " Providers that append paths of their own find their connector below its address, too.",
        body_media="*/*",
        answer_media=("*/*",),
        query=None,
        errors=(401, 403, 404, 408, 413, 503),
        plain_asgi=True,
        below=True,
    ),
)

FEED = (
    Route(
        method="GET",
        path="/v1/events",
        do=feeding.page,
        scope=Scope.READ,
        summary="The feed: every event in order",
        about="Events as CloudEvents 1.0, after a position, oldest first; none is ever skipped. `next` is the position"
        " to read on after. With `wait` the answer comes as soon as there is something. With"
        " `Accept: text/event-stream` events are streamed, `id` being the position and `event` the short type;"
        " `Last-Event-ID` wins over `after`."
        " Under a plain WSGI server a page comes at once, and nothing is streamed.",
        query=shapes.EventsQuery,
        answer=shapes.EventPage,
        answer_media=("text/event-stream",),
        errors=(410, 422),
        headers={"Last-Event-ID": "The position to stream on after, as an EventSource sends it."},
        plain_asgi=True,
    ),
)

MESSAGES = (
    Route(
        method="POST",
        path="/v1/messages",
        do=messages.send,
        scope=Scope.WRITE,
        summary="Send a message",
        about="To a conversation, a contact, or an address on a connector: exactly one of the three. 202 says that"
        " message and delivery are durable; what became of it follows as `delivery.updated`. `direction: note` writes"
        " for agents only. A repetition with the same `Idempotency-Key` or `client_ref` gets the first answer, another"
        " body under it 422. Codes of 422 are those a channel would refuse with: `invalid_address`, `opted_out`,"
        " `window_closed`, `no_route`, `content_unsupported` and others.",
        body=SendMessage,
        answer=shapes.MessageAccepted,
        status=202,
        errors=(404, 503),
        headers={"Idempotency-Key": "1 to 255 visible ASCII characters; kept 7 days, unique per API key."},
    ),
    Route(
        method="GET",
        path="/v1/messages/{id}",
        do=messages.get,
        scope=Scope.READ,
        summary="A message with its deliveries",
        about="The whole message, also where an event carried only the beginning of its text.",
        answer=shapes.MessageAnswer,
    ),
    Route(
        method="POST",
        path="/v1/render",
        do=messages.render,
        scope=Scope.WRITE,
        summary="What each route would receive",
        about="Nothing is sent or stored. Without a recipient there is one preview per connector.",
        body=SendMessage,
        answer=shapes.Previews,
        errors=(404,),
    ),
    Route(
        method="POST",
        path="/v1/commands",
        do=messages.command,
        scope=Scope.WRITE,
        summary="Edit, redact or react to a message, show typing, say what was read, raise an emergency",
        about="`message.edit` and `reaction.set` become deliveries of their own. `typing.set` is shown at once, and"
        " kept nowhere. `message.redact` takes away what a message said, for good: from history, feed, payloads,"
        " exchanges, what the provider sent and the files that came with it; what was queued is cancelled. 409: it is"
        " leaving right now.",
        body=Command,
        answer=shapes.Done,
        status=202,
        errors=(404, 409, 502, 503, 504),
    ),
)

CONVERSATIONS = (
    Route(
        method="GET",
        path="/v1/conversations",
        do=conversations.listing,
        scope=Scope.READ,
        summary="Conversations, newest first",
        query=shapes.ConversationsQuery,
        answer=shapes.ConversationPage,
    ),
    Route(
        method="GET",
        path="/v1/conversations/{id}",
        do=conversations.get,
        scope=Scope.READ,
        summary="A conversation",
        answer=shapes.ConversationAnswer,
    ),
    Route(
        method="PATCH",
        path="/v1/conversations/{id}",
        do=conversations.patch,
        scope=Scope.WRITE,
        summary="Change a conversation",
        about="Answers once `conversation.updated` or `conversation.closed` is durable; what changes nothing is no"
        " event. 409: it cannot be opened again, because another one is open in its place, or it was merged.",
        body=shapes.ConversationChange,
        answer=shapes.ConversationAnswer,
        errors=(409, 503),
    ),
    Route(
        method="POST",
        path="/v1/conversations/{id}/read",
        do=conversations.read,
        scope=Scope.WRITE,
        summary="Say that an agent has seen what the customer wrote",
        about="Answers once `conversation.read` is durable; where a message up to there was unread, customers in the"
        " chat are told. What was seen before is no event.",
        body=shapes.ReadMark,
        answer=shapes.ConversationAnswer,
        errors=(503,),
    ),
    Route(
        method="POST",
        path="/v1/conversations/{id}/emergency",
        do=conversations.emergency,
        scope=Scope.WRITE,
        summary="Call a conversation an emergency",
        about="As its customer might: priority, timers and `emergency.raised`, with who raised it. One that nobody took"
        " yet stays as it is. 409: it is closed, the customer wrote nothing yet, or the inbox promises nothing.",
        body=shapes.EmergencyMark,
        answer=shapes.ConversationAnswer,
        errors=(409, 503),
    ),
    Route(
        method="GET",
        path="/v1/conversations/{id}/messages",
        do=conversations.messages,
        scope=Scope.READ,
        summary="A conversation's messages, oldest first",
        about="`next` is the sequence to read on after. Sequences count all events of a conversation, so those of its"
        " messages have gaps.",
        query=shapes.MessagesQuery,
        answer=shapes.MessagePage,
    ),
)

ATTACHMENTS = (
    Route(
        method="POST",
        path="/v1/attachments",
        do=attachments.take,
        scope=Scope.WRITE,
        summary="Keep a file",
        about="The file as the body with its `Content-Type`, or as the field `file` of a form. Parts of messages name"
        " it by its id.",
        query=shapes.UploadQuery,
        body_media="*/*",
        answer=shapes.AttachmentAnswer,
        status=201,
        errors=(400, 413, 503),
    ),
    Route(
        method="GET",
        path="/v1/attachments/{id}",
        do=attachments.give,
        scope=None,
        summary="A file, or what is known of it",
        about="With a key of the scope `read`, or by a signed link. `Accept: application/json` gives what is known of"
        " the file; anything else the file, as an attachment. 409: it is still being fetched from the provider.",
        query=shapes.LinkQuery,
        answer=shapes.AttachmentAnswer,
        answer_media=("*/*",),
        errors=(401, 403, 409),
    ),
)

OPERATIONS = (
    Route(
        method="GET",
        path="/v1/quarantine",
        do=operations.quarantine,
        scope=Scope.ADMIN,
        summary="What could not be read, newest first",
        query=shapes.QuarantineQuery,
        answer=shapes.QuarantinePage,
    ),
    Route(
        method="GET",
        path="/v1/quarantine/{id}",
        do=operations.quarantined,
        scope=Scope.ADMIN,
        summary="A quarantined item with its raw request",
        answer=shapes.QuarantineAnswer,
    ),
    Route(
        method="POST",
        path="/v1/quarantine/{id}/replay",
        do=operations.replay,
        scope=Scope.ADMIN,
        summary="Read a quarantined item once more",
        about="After a fix. What was recorded meanwhile is not recorded again.",
        answer=shapes.ReplayAnswer,
        errors=(503,),
    ),
    Route(
        method="GET",
        path="/v1/openapi.json",
        do=lambda _: describe(ROUTES),
        scope=None,
        summary="This description",
        about="OpenAPI 3.1. Asks for no key: it says nothing of this hub.",
        answer=dict,
    ),
    Route(
        method="GET",
        path="/healthz",
        do=operations.health,
        scope=None,
        summary="Whether the process lives",
        about="503 says that only a restart helps. Asks neither for a key, nor store, bus and providers.",
        answer=shapes.Health,
        errors=(503,),
        plain_asgi=True,
    ),
    Route(
        method="GET",
        path="/readyz",
        do=operations.ready,
        scope=None,
        summary="Whether the process is ready for what is sent to it",
        about="503 has each reason in `errors`: `process` was told to end, `store` takes no writes or is behind,"
        " `schema` lacks a migration, `listeners.<name>` cannot listen, `bus` is not reached by a mere relay. No key.",
        answer=shapes.Readiness,
        errors=(503,),
    ),
    Route(
        method="GET",
        path="/metrics",
        do=operations.metrics,
        scope=None,
        summary="Metrics for Prometheus",
        about="From the same machine, and not through a proxy, without a key; else with one of the scope `read`.",
        answer_media=("text/plain",),
        errors=(401, 403),
    ),
)

ROUTES: tuple[Route, ...] = (
    *WEBHOOKS,
    *FEED,
    *MESSAGES,
    *DELIVERIES,
    *CONVERSATIONS,
    *CONTACTS,
    *INBOXES,
    *PRESENCE,
    *ATTACHMENTS,
    *SUBSCRIPTIONS,
    *CONNECTORS,
    *OPERATIONS,
    *DESCRIPTIONS,
)
