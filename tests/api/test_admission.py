"""Who may ask for what, and what everybody else hears."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.api.route import Route
from gateway.api.routes import ROUTES
from gateway.keys import Scope, list_keys, revoke_key
from tests.api.conftest import Api
from tests.web.parrot import bearer

ID = "00000000-0000-7000-8000-000000000000"
GUARDED = [route for route in ROUTES if route.scope]


def path(route: Route) -> str:
    return route.path.replace("{id}", ID)


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_a_guarded_route_is_closed_to_who_has_no_key(api: Api, route: Route) -> None:
    answer = api.client.open(path(route), method=route.method)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_a_guarded_route_is_closed_to_other_scopes(api: Api, route: Route) -> None:
    others = {Scope.READ, Scope.WRITE} - {route.scope}
    answer = api.client.open(path(route), method=route.method, headers=bearer(api.hub, *others))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{route.scope}"'


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_a_key_with_the_scope_or_admin_gets_in(api: Api, route: Route) -> None:
    for scope in {route.scope or Scope.READ, Scope.ADMIN}:
        answer = api.client.open(path(route), method=route.method, headers=bearer(api.hub, scope))
        assert answer.status_code not in (401, 403)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer ot_wrong", f"Bearer {'x' * 5000}"])
def test_what_is_no_key_is_refused(api: Api, header: str) -> None:
    api.refuse("GET", "/v1/conversations", 401, "unauthenticated", headers={"Authorization": header})


def test_a_revoked_key_stops_at_once(api: Api) -> None:
    key = bearer(api.hub, Scope.READ)
    api.ask("GET", "/v1/conversations", headers=key)
    revoke_key(api.hub.engine, list_keys(api.hub.engine)[-1].id)
    problem = api.refuse("GET", "/v1/conversations", 401, "unauthenticated", headers=key)
    assert key["Authorization"].split()[1] not in str(problem)


def test_health_and_descriptions_ask_for_no_key(api: Api) -> None:
    for open_path in ("/healthz", "/readyz", "/v1/openapi.json", "/v1/schemas/events"):
        assert api.client.get(open_path).status_code == 200


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 401),
        ("203.0.113.9", {}, 401),
        ("", {}, 401),
    ],
)
def test_metrics_are_for_this_machine_or_a_key(api: Api, peer: str, headers: dict[str, str], status: int) -> None:
    environ = {"REMOTE_ADDR": peer}
    assert api.client.get("/metrics", headers=headers, environ_overrides=environ).status_code == status
    assert api.client.get("/metrics", headers=headers | api.key, environ_overrides=environ).status_code == 200


def test_metrics_tell_of_queue_feed_and_quarantine(api: Api) -> None:
    api.hear("one", "gibberish")
    text = api.client.get("/metrics").text
    assert f"onethread_feed_position {float(api.hub.feed.newest())}" in text
    assert "onethread_quarantine_open 1.0" in text
    assert "onethread_writes_waiting 0.0" in text


@pytest.mark.parametrize(
    ("method", "asked", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/messages/not-an-id", 404, "not_found"),
        ("GET", "/v1/conversations/", 404, "not_found"),
        ("GET", "//v1/conversations", 404, "not_found"),
        ("DELETE", "/v1/conversations", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_served_is_a_problem_too(api: Api, method: str, asked: str, status: int, code: str) -> None:
    problem = api.refuse(method, asked, status, code)
    assert "requested URL" not in problem["detail"]


def test_what_is_no_id_is_told_how_ids_look(api: Api) -> None:
    problem = api.refuse("GET", "/v1/messages/not-an-id", 404, "not_found")
    assert problem["detail"] == "nothing is served at this path; an id in it is a UUID, as the API gives it"


def test_a_method_that_is_not_served_tells_those_that_are(api: Api) -> None:
    answer = api.client.delete("/v1/messages", headers=api.key)
    assert set(answer.headers["allow"].split(", ")) == {"POST"}
    assert answer.get_json(force=True)["detail"] == "served here: POST"


def test_a_fault_of_ours_tells_a_trace_id_and_nothing_else(api: Api) -> None:
    def fail() -> None:
        raise RuntimeError("the secret is swordfish")

    api.app.view_functions["get_healthz"] = fail
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    problem = api.refuse("GET", "/healthz", 500, "internal", headers=headers)
    assert problem["trace_id"] == trace
    assert "swordfish" not in str(problem)
    assert len(api.refuse("GET", "/healthz", 500, "internal")["trace_id"]) == 32


def test_a_busy_store_asks_to_come_again(api: Api) -> None:
    api.hear("hello")
    conversation = api.conversation()["id"]
    api.hub.writer.stop()
    answer = api.client.patch(f"/v1/conversations/{conversation}", json={"team": "blue"}, headers=api.key)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    problem = api.refuse("GET", "/readyz", 503, "not_ready")
    assert "takes no writes" in problem["detail"]
    api.ask("GET", "/healthz")


def test_many_ask_at_once_and_each_gets_its_own_answer(api: Api) -> None:
    api.hear(*[f"word {n}" for n in range(32)])
    ids = [event["subject"] for event in api.events("message.received")]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda id_: api.ask("GET", f"/v1/messages/{id_}")["message"]["id"], ids))
    assert answers == ids
