"""The routes of subscriptions."""

from gateway.api import shapes, subscriptions
from gateway.api import subscription_shapes as given
from gateway.api.route import Route
from gateway.keys import Scope

PATH = "/v1/subscriptions"
ONE = f"{PATH}/{{name}}"
SUBSCRIPTIONS = (
    Route(
        method="GET",
        path=PATH,
        do=subscriptions.listing,
        scope=Scope.ADMIN,
        summary="Subscriptions and how they stand",
        about="Those of the configuration file, those made here, and the built-in one of the topic exchange.",
        answer=given.SubscriptionList,
    ),
    Route(
        method="POST",
        path=PATH,
        do=subscriptions.make,
        scope=Scope.ADMIN,
        summary="Make a subscription",
        about="A queue on the bus, or a webhook signed as Standard Webhooks says. It begins with what comes from now"
        " on, unless `start` is `oldest`. The secret is told in this answer only. Webhooks made here do not reach"
        " private networks; those of the configuration file do.",
        body=given.NewSubscription,
        answer=given.SubscriptionMade,
        status=201,
        errors=(409, 503),
    ),
    Route(
        method="GET",
        path=ONE,
        do=subscriptions.get,
        scope=Scope.ADMIN,
        summary="A subscription",
        answer=given.SubscriptionAnswer,
        errors=(404,),
    ),
    Route(
        method="PATCH",
        path=ONE,
        do=subscriptions.patch,
        scope=Scope.ADMIN,
        summary="Change, pause or resume a subscription",
        about="What the configuration file provides is changed there; pausing, resuming and setting the position go"
        " here for all. With a new `secret` the one before signs too, until `previous_secret` is set to null.",
        body=given.SubscriptionChange,
        answer=given.SubscriptionAnswer,
        errors=(404, 409, 410, 503),
    ),
    Route(
        method="DELETE",
        path=ONE,
        do=subscriptions.remove,
        scope=Scope.ADMIN,
        summary="End a subscription",
        about="Its queue goes with it, and what waits in it. What the configuration file provides is taken out there;"
        " afterwards this forgets its place.",
        status=204,
        errors=(404, 409, 503),
    ),
    Route(
        method="GET",
        path=f"{ONE}/parked",
        do=subscriptions.parked,
        scope=Scope.ADMIN,
        summary="Conversations whose next event was not taken",
        about="Those that are tried again by themselves, and those that wait for an operator (`parked`).",
        query=shapes.PageQuery,
        answer=given.ParkedPage,
        errors=(404,),
    ),
    Route(
        method="POST",
        path=f"{ONE}/parked/resume",
        do=subscriptions.resume,
        scope=Scope.ADMIN,
        summary="Try conversations that wait again now",
        about="One, or all; parked ones among them. What waits behind follows in order.",
        body=given.ResumeParked,
        answer=given.ResumedAnswer,
        errors=(404, 503),
    ),
    Route(
        method="POST",
        path=f"{ONE}/parked/skip",
        do=subscriptions.skip,
        scope=Scope.ADMIN,
        summary="Give up the first event of a conversation that waits",
        about="The subscriber never gets it, unless it is replayed; what waits behind is tried.",
        body=given.SkipParked,
        status=204,
        errors=(404, 503),
    ),
    Route(
        method="GET",
        path=f"{ONE}/replays",
        do=subscriptions.replays,
        scope=Scope.ADMIN,
        summary="Replays of a subscription, newest first",
        answer=given.ReplayList,
        errors=(404,),
    ),
    Route(
        method="POST",
        path=f"{ONE}/replay",
        do=subscriptions.replay,
        scope=Scope.ADMIN,
        summary="Send a range again to one subscriber",
        about="Copies bear `replayed: true` and the ids they had. New events go on beside it, and the position stays."
        " It runs while the subscription does.",
        body=given.NewReplay,
        answer=given.SubscriptionReplayAnswer,
        status=202,
        errors=(404, 409, 410, 503),
    ),
    Route(
        method="DELETE",
        path=f"{ONE}/replays/{{id}}",
        do=subscriptions.cancel,
        scope=Scope.ADMIN,
        summary="Stop a replay",
        status=204,
        errors=(409, 503),
    ),
)
