"""A hub at work with a parrot, and its API without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.api.app import create_app
from gateway.hub import Hub
from tests.web.parrot import Parrot, bearer, make_hub, parrot, running, signed, words


class Api:
    """Asks with a key for everything unless other headers are given."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.app = create_app(hub)
        self.client: FlaskClient = self.app.test_client()
        self.key = bearer(hub)

    @property
    def parrot(self) -> Parrot:
        return parrot(self.hub)

    def hear(self, *said: str, first: int = 1, sender: str = "ann") -> None:
        """A customer writes."""
        body = words(*said, first=first, sender=sender)
        answer = self.client.post("/in/perch", data=body, headers=signed(body))
        assert answer.status_code == 200

    def ask(
        self, method: str, path: str, *, status: int = 200, headers: dict[str, str] | None = None, **more: Any
    ) -> Any:
        """The JSON of an answer of that status."""
        answer = self.client.open(path, method=method, headers=self.key | (headers or {}), **more)
        assert answer.status_code == status, answer.data
        kind = "application/problem+json" if status >= 400 else "application/json"
        assert answer.headers["content-type"] == kind
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.get_json(force=True)

    def refuse(self, method: str, path: str, status: int, code: str, **more: Any) -> dict[str, Any]:
        """The problem, which is complete."""
        problem = self.ask(method, path, status=status, **more)
        assert (problem["status"], problem["code"]) == (status, code)
        assert problem["type"] == f"urn:onethread:problem:{code}"
        assert problem["title"]
        assert problem["detail"]
        return problem

    def events(self, types: str = "") -> list[dict[str, Any]]:
        return self.ask("GET", f"/v1/events?types={types}&limit=1000")["events"]

    def conversation(self) -> dict[str, Any]:
        """The newest one."""
        return self.ask("GET", "/v1/conversations?limit=1")["conversations"][0]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with running(make_hub(tmp_path, "perch", "attic")) as hub:
        yield Api(hub)
