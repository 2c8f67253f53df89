"""The description says what is served, no more and no less, and what is served is what it says."""

import json
import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.api.openapi import describe, refusals
from gateway.api.route import BELOW
from gateway.api.routes import ROUTES
from tests.api.conftest import Api
from tests.web.parrot import Served, make_hub, serving

DESCRIPTION: dict[str, Any] = json.loads(json.dumps(describe(ROUTES)))


def described() -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, item in DESCRIPTION["paths"].items() for method in item}


def test_it_is_valid_openapi_3_1() -> None:
    assert DESCRIPTION["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_its_paths_are_those_the_application_serves(api: Api) -> None:
    served = set()
    for rule in api.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        path = path.removesuffix(f"/{{{BELOW}}}")  # OpenAPI has no word for several segments: it says so in words
        served |= {(path, method) for method in rule.methods or ()}
    spoken = {(path, method) for path, method in served if method != "HEAD" or path.startswith("/in/")}
    assert spoken == described()


def test_the_hubs_own_server_serves_them_all(tmp_path: Any) -> None:
    with serving(make_hub(tmp_path)) as served:
        for path, method in sorted(described()):
            answer = _ask(served, method, path)
            unknown = answer.status_code == 404 and "nothing is served" in answer.text
            assert not unknown, (method, path)
            assert answer.status_code not in (405, 500), (method, path, answer.text)


def _ask(served: Served, method: str, path: str) -> Any:
    filled = path.replace("{id}", "00000000-0000-7000-8000-000000000000").replace("{connector}", "perch")
    return served.ask(method, filled)


def test_it_is_served_to_everybody(api: Api) -> None:
    assert api.client.get("/v1/openapi.json").get_json() == DESCRIPTION


def test_every_operation_has_a_name_of_its_own_and_says_what_it_is() -> None:
    operations = [operation for item in DESCRIPTION["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)


def test_what_a_guarded_operation_asks_for_is_said() -> None:
    for route in ROUTES:
        operation = DESCRIPTION["paths"][route.path][route.method.lower()]
        assert operation.get("security") == ([{"key": []}] if route.scope else None)
        if route.scope:
            assert f"`{route.scope}`" in operation["description"]
            assert {"401", "403"} <= set(operation["responses"])


def schema_of(path: str, method: str, status: int) -> dict[str, Any]:
    content = DESCRIPTION["paths"][path][method]["responses"][str(status)]["content"]
    return {**content["application/json"]["schema"], "components": DESCRIPTION["components"]}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/events", "/v1/events"),
        ("/v1/conversations", "/v1/conversations"),
        ("/v1/conversations/{id}", "/v1/conversations/{conversation}"),
        ("/v1/conversations/{id}/messages", "/v1/conversations/{conversation}/messages"),
        ("/v1/contacts/{id}", "/v1/contacts/{contact}"),
        ("/v1/contacts/{id}/timeline", "/v1/contacts/{contact}/timeline"),
        ("/v1/messages/{id}", "/v1/messages/{message}"),
        ("/v1/connectors", "/v1/connectors"),
        ("/v1/quarantine", "/v1/quarantine"),
        ("/v1/quarantine/{id}", "/v1/quarantine/{quarantined}"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
    ],
)
def test_answers_have_the_shape_that_is_described(api: Api, path: str, asked: str) -> None:
    api.hear("hello", "gibberish")
    conversation = api.conversation()
    names = {
        "conversation": conversation["id"],
        "contact": conversation["contact_id"],
        "message": api.events("message.received")[0]["subject"],
        "quarantined": api.ask("GET", "/v1/quarantine")["quarantine"][0]["id"],
    }
    answer = api.ask("GET", asked.format(**names))
    jsonschema.validate(answer, schema_of(path, "get", 200), cls=jsonschema.Draft202012Validator)


def test_refusals_are_described_as_problems(api: Api) -> None:
    schema = {"$ref": "#/components/schemas/ProblemDetails", "components": DESCRIPTION["components"]}
    problem = api.refuse("GET", "/v1/conversations?limit=0", 422, "invalid")
    jsonschema.validate(problem, schema, cls=jsonschema.Draft202012Validator)
    assert 422 in refusals(next(route for route in ROUTES if route.path == "/v1/conversations"))
