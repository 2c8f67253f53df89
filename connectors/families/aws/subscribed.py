"""Who subscribes to the simulated topics."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from connectors.families.aws.topics import PENDING
from connectors.kit.declared.xml_tree import written
from connectors.kit.testing.simulator import Reply, WireRequest

PAGE: Final = 2
"""Subscriptions that are listed at once."""


class Subscribed:
    def __init__(self) -> None:
        self.endpoints: dict[str, dict[str, str]] = {}
        """By topic: how each endpoint's subscription is called, or that it waits."""
        self.policies: list[str] = []

    def confirm(self, topic: str) -> None:
        for endpoint in self.endpoints.get(topic, {}):
            self.endpoints[topic][endpoint] = f"{topic}:{uuid5(NAMESPACE_URL, endpoint)}"

    def answer(self, request: WireRequest) -> Reply:
        said = dict(parse_qsl(request.body.decode()))
        action = said.get("Action", "")
        given: dict[str, Any] = {}
        if action == "Subscribe":
            self.endpoints.setdefault(said["TopicArn"], {})[said["Endpoint"]] = PENDING
            self.policies.append(said["Attributes.entry.1.value"])
            given = {"SubscriptionArn": PENDING}
        elif action == "Unsubscribe":
            for names in self.endpoints.values():
                for endpoint in [one for one, arn in names.items() if arn == said["SubscriptionArn"]]:
                    del names[endpoint]
        elif action == "ListSubscriptionsByTopic":
            given = self._listed(said)
        else:
            error = {"Type": "Sender", "Code": "InvalidAction", "Message": "no such action"}
            return _xml({"ErrorResponse": {"Error": error, "RequestId": "1"}}, 400)
        result = {f"{action}Result": given} if given else {}
        return _xml({f"{action}Response": {**result, "ResponseMetadata": {"RequestId": "1"}}})

    def _listed(self, said: Mapping[str, str]) -> dict[str, Any]:
        topic, start = said["TopicArn"], int(said.get("NextToken", "0"))
        every = [
            {"TopicArn": topic, "Protocol": "https", "SubscriptionArn": arn, "Owner": "1", "Endpoint": endpoint}
            for endpoint, arn in self.endpoints.get(topic, {}).items()
        ]
        more = {"NextToken": str(start + PAGE)} if start + PAGE < len(every) else {}
        return {"Subscriptions": {"member": every[start : start + PAGE]}, **more}


def _xml(tree: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(status, written(tree), {"content-type": "text/xml"})
