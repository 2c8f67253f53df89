"""Messages by templates: what leaves, what is refused before it leaves, and the list they are held against."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from declared_files import ACME, NOW, SETTINGS, URL, plugin

from connectors.kit.base import File, Outbound, Sent, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.approved import MOST_PAGES
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart, TemplatePart
from normalizer.payload import Payload

TO = Address(scheme="tel", value="+447700900222")
PARCEL = TemplatePart(name="parcel", language="en", body=("881", "Ada"))
TEMPLATE = """\
  template:
    json: {name: "{template_name}", language: "{template_language}", values: "{template_values}", token: "{token}"}
    errors: {template_invalid: [7]}
"""
SENDS = ACME.replace("  success:", f"{TEMPLATE}  success:", 1)
LIST = """\
templates:
  url: "{api_base}/templates"
  headers: {x-key: "{word}"}
  query: {page: "{page}", after: "{offset}"}
  items: list
  name: name
  language: locale
  usable: "state == 'good'"
  state: state
  places: {path: says, form: '\\{(\\w+)\\}'}
"""
PLAYED = """\
  templates: {json: {list: [{name: parcel, locale: en, state: good, says: "{{number}}, {{who}}"}]}}
  no_template: {json: {error: 7, words: no such template}}
"""
HELD = SENDS.replace("send:\n", f"{LIST}send:\n", 1).replace("simulated:\n", f"simulated:\n{PLAYED}")
DONE = {"done": True, "id": 12}


def entry(name="parcel", locale="en", state="good", says="{number} for {who}"):
    return {"name": name, "locale": locale, "state": state, "says": says}


def by(part, **more):
    return Outbound("0199/1", TO, Payload(template=part, **more))


def sending(kind, *outbound, pages=None, clock=None, **settings):
    """The provider after these were sent at their times, and what became of each."""

    class Listing(simulator_of(kind)):
        async def answer(self, request):
            if pages is None or not request.path.startswith("/templates"):
                return await super().answer(request)
            listed = pages[min(int(parse_qs(urlsplit(request.path).query)["page"][0]) - 1, len(pages) - 1)]
            return listed if isinstance(listed, Reply) else Reply.json({"list": listed})

    moments = list(clock or [])

    async def run(provider):
        config = configured(kind.Config, {**provider.settings(), **settings})
        http = Http("acme", trusted=kind.trusted_origins(config))
        now = [NOW]
        acme = kind(config, Tools("acme", http, lambda: now[0], webhook_url=URL))
        results = []
        try:
            for each in outbound:
                now[0] += moments.pop(0) if moments else timedelta()
                try:
                    results.append(await acme.send(each))
                except KitError as error:
                    results.append(error)
        finally:
            await http.close()
        return results

    with Listing(SETTINGS) as provider:
        return provider, asyncio.run(run(provider))


def paths(provider):
    return [request.path for request in provider.requests]


@pytest.fixture
def kind(tmp_path):
    return plugin(tmp_path, HELD)


def test_a_template_leaves_by_its_name_with_what_fills_it(tmp_path):
    kind = plugin(
        tmp_path, SENDS.replace("done == `true`", "id").replace("accepts: {json: {done: true,", "accepts: {json: {")
    )
    provider, results = sending(kind, by(PARCEL), Outbound("0199/2", TO, Payload(text="hi")))
    assert (kind.info.capability.templates, kind.info.capability.window) == (True, None)
    assert results == [Sent(("simulated-000001",)), Sent(("simulated-000002",))]
    template, text = (json.loads(request.body) for request in provider.requests)
    assert template == {"name": "parcel", "language": "en", "values": ["881", "Ada"], "token": "0199/1"}
    assert text == {"text": "hi", "tags": ["0199/2", 1], "extra": {"hook": f"{URL}?t=0199%2F2"}}


def test_what_fills_it_may_be_text_within_the_request(tmp_path):
    forms = '{n: "{template_name}", list: "{template_values|json}", line: "{template_values|commas}"}'
    line = next(line for line in ACME.splitlines() if line.startswith("  json:"))
    kind = plugin(tmp_path, SENDS.replace(TEMPLATE, f"  template: {{form: {forms}}}\n").replace(line, "  form: {t: a}"))
    provider, _ = sending(kind, by(TemplatePart(name="parcel", language="en", body=('8"1', "ü"))))
    assert parse_qs(provider.requests[0].body.decode()) == {
        "n": ["parcel"],
        "list": ['["8\\"1","ü"]'],
        "line": ['8"1,ü'],
    }


def test_a_template_without_places_has_no_values(tmp_path):
    provider, _ = sending(plugin(tmp_path, SENDS), by(TemplatePart(name="hello", language="")))
    assert json.loads(provider.requests[0].body) == {"name": "hello", "token": "0199/1"}


def test_a_channel_without_templates_says_what_to_do_instead(tmp_path):
    kind = plugin(tmp_path)
    provider, (error,) = sending(kind, by(PARCEL))
    assert not kind.info.capability.templates
    assert (type(error), error.code, provider.requests) == (Refused, ErrorCode.CONTENT_UNSUPPORTED, [])
    assert error.detail == "this channel has no templates; send what it says as text"


def test_a_code_may_mean_something_else_of_a_template(tmp_path):
    kind = plugin(tmp_path, SENDS.replace("accepts: {json: {done: true,", "accepts: {json: {error: 7,"))
    _, (template, text) = sending(kind, by(PARCEL), Outbound("0199/2", TO, Payload(text="hi")))
    assert (type(template), template.code) == (Refused, ErrorCode.TEMPLATE_INVALID)
    assert text.code is ErrorCode.OPTED_OUT


def test_a_name_is_held_against_the_list_before_it_leaves(kind):
    provider, results = sending(kind, by(PARCEL), by(PARCEL), pages=[[entry()], []])
    assert [type(each) for each in results] == [Sent, Sent]
    assert paths(provider) == [
        "/templates?page=1&after=0",
        "/templates?page=2&after=1",
        *(["/send/447700900222"] * 2),
    ]
    assert provider.requests[0].headers["x-key"] == SETTINGS["word"]
    assert [provider.is_send(request) for request in provider.requests] == [False, False, True, True]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (TemplatePart(name="parcl", language="en"), "there is no template 'parcl'; there is 'parcel', 'parcels'"),
        (TemplatePart(name="zzz", language="en"), "there is no template 'zzz'"),
        (
            TemplatePart(name="parcel", language="fr"),
            "there is no template 'parcel' in 'fr'; there is one in de, en",
        ),
        (TemplatePart(name="late", language="en"), "the template 'late' may not be sent: 'bad'"),
        (
            TemplatePart(name="parcel", language="en", body=("881",)),
            "the template has 2 places (number, who), not 1",
        ),
        (TemplatePart(name="plain", language="en", body=("1",)), "the template has 0 places, not 1"),
        (
            TemplatePart(name="parcel", language="en", body=("1", "2"), buttons=("a",), header=("h",)),
            "a template has no values in its header and no values in its buttons on this channel",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_leaves(kind, part, told):
    listed = [
        *(entry(), entry(locale="de"), entry("parcels"), entry("late", state="bad"), entry("plain", says="Hello.")),
        *({"name": 7}, {"locale": "en"}, "no object"),
    ]
    provider, (error,) = sending(kind, by(part), pages=[listed, []])
    assert (type(error), error.code, error.detail) == (Refused, ErrorCode.TEMPLATE_INVALID, told)
    assert not any(provider.is_send(request) for request in provider.requests)


def test_a_list_is_believed_for_a_while_and_asked_again_for_what_it_lacks(kind):
    lacking = by(TemplatePart(name="new", language="en"))
    after = [timedelta(seconds=seconds) for seconds in (0, 29, 1, 269, 31)]
    provider, results = sending(
        kind, by(PARCEL), lacking, lacking, by(PARCEL), by(PARCEL), pages=[[entry()]], clock=after
    )
    assert [type(each) for each in results] == [Sent, Refused, Refused, Sent, Sent]
    asked = [path.startswith("/templates?page=1") for path in paths(provider)]
    # At first; half a minute later, as it lacks one; and five minutes after that.
    assert [index for index, each in enumerate(asked) if each] == [0, 3, 6]


def test_numbered_places_are_filled_by_their_number(tmp_path):
    named = HELD.replace('values: "{template_values}"', 'fields: "{template_fields}"')
    kind = plugin(tmp_path, named)
    provider, _ = sending(kind, by(PARCEL), pages=[[entry(says="{2} has {1}, {2}")]])
    assert json.loads(provider.performed[-1].body)["fields"] == {"1": "881", "2": "Ada"}
    provider, _ = sending(kind, by(PARCEL), pages=[[entry(says="{who} has {number}, {who}")]])
    assert json.loads(provider.performed[-1].body)["fields"] == {"who": "881", "number": "Ada"}


def test_places_may_be_a_list_of_names(tmp_path):
    text = HELD.replace('values: "{template_values}"', 'fields: "{template_fields|json}"')
    kind = plugin(tmp_path, text.replace("places: {path: says, form: '\\{(\\w+)\\}'}", "places: fields"))
    provider, _ = sending(kind, by(PARCEL), pages=[[{**entry(), "fields": ["number", "who"]}]])
    assert json.loads(provider.performed[-1].body)["fields"] == '{"number":"881","who":"Ada"}'


def test_a_page_that_is_not_full_is_the_last(tmp_path):
    kind = plugin(tmp_path, HELD.replace("  items: list\n", "  items: list\n  full: 2\n"))
    pages = [[entry("a"), entry("b")], [entry()]]
    provider, (result,) = sending(kind, by(PARCEL), pages=pages)
    assert type(result) is Sent
    assert paths(provider) == ["/templates?page=1&after=0", "/templates?page=2&after=2", "/send/447700900222"]


def test_a_list_without_pages_is_asked_for_once(tmp_path):
    text = HELD.replace('  query: {page: "{page}", after: "{offset}"}\n', '  query: {page: "1"}\n')
    provider, _ = sending(plugin(tmp_path, text), by(PARCEL), pages=[[entry()]])
    assert paths(provider) == ["/templates?page=1", "/send/447700900222"]


def test_a_list_without_an_end_is_read_for_so_many_pages(kind):
    pages = [[entry(f"n{number}")] for number in range(MOST_PAGES + 5)]
    provider, (error,) = sending(kind, by(PARCEL), pages=pages)
    assert len(provider.requests) == MOST_PAGES
    assert error.detail == f"there is no template 'parcel' among the first {MOST_PAGES}"


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (Reply(401), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(503), Temporary, ErrorCode.PROVIDER_DOWN),
        (Reply(400), Refused, ErrorCode.UNKNOWN),
        (Reply(200, b"<html>"), Temporary, ErrorCode.PROVIDER_DOWN),
        (Reply.json({"list": 7}), Temporary, ErrorCode.PROVIDER_DOWN),
        (Reply.json({"error": 51}), Temporary, ErrorCode.RATE_LIMITED),
        (Reply.json({"error": 8}), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply.json({"error": 7}), Temporary, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_without_a_list_nothing_by_a_template_leaves(tmp_path, reply, error, code):
    kind = plugin(tmp_path, HELD.replace("errors: {opted_out", "errors: {auth_failed: [8], opted_out", 1))
    provider, (raised, text) = sending(kind, by(PARCEL), Outbound("t", TO, Payload(text="hi")), pages=[reply])
    assert (type(raised), raised.code, type(text)) == (error, code, Sent)
    assert SETTINGS["word"] not in f"{raised!r} {raised.detail}"
    assert len(provider.requests) == 2


def test_where_its_flag_is_off_names_go_as_they_are(tmp_path):
    flag = "  held: {type: flag, help: Whether., default: false}\n  sender: {help"
    text = HELD.replace("  sender: {help", flag).replace("  items: list\n", "  items: list\n  setting: held\n")
    kind = plugin(tmp_path, text)
    off, _ = sending(kind, by(PARCEL), pages=[[]])
    on, (error,) = sending(kind, by(PARCEL), pages=[[]], held=True)
    assert (paths(off), paths(on)) == (["/send/447700900222"], ["/templates?page=1&after=0"])
    assert error.code is ErrorCode.TEMPLATE_INVALID


def test_values_have_the_form_that_is_declared(tmp_path):
    kind = plugin(tmp_path, SENDS.replace("    errors: {template", "    values: '[^,]*'\n    errors: {template"))
    provider, (error, result) = sending(kind, by(TemplatePart(name="parcel", language="en", body=("8,1",))), by(PARCEL))
    assert (error.code, type(result), len(provider.requests)) == (ErrorCode.TEMPLATE_INVALID, Sent, 1)


def test_a_file_stands_at_the_head_where_the_request_says_so(tmp_path):
    picture = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
    file = File("a1", tmp_path, "image/png", "a.png", 9, "https://hub.example.com/f/1")
    outbound = Outbound("t", TO, Payload(template=PARCEL, media=(picture,)), files={"a1": file})
    _, (error,) = sending(plugin(tmp_path, SENDS), outbound)
    assert error.detail == "a template has no file at its head on this channel"
    media = "  media: {kinds: {image: photo}, most: 1000}\n  template:"
    text = SENDS.replace("  template:", media).replace("json: {name:", 'json: {head: "{file_url}", name:')
    provider, _ = sending(plugin(tmp_path, text), outbound)
    assert json.loads(provider.requests[0].body)["head"] == "https://hub.example.com/f/1"


def test_the_simulator_has_the_templates_of_its_list_and_no_others(kind):
    provider, (taken,) = sending(kind, by(PARCEL))
    assert type(taken) is Sent
    assert paths(provider) == ["/templates?page=1&after=0", "/templates?page=2&after=1", "/send/447700900222"]
    elsewhere = [[entry("other")]]
    _, (refused,) = sending(kind, by(TemplatePart(name="other", language="en", body=("1", "2"))), pages=elsewhere)
    assert (type(refused), refused.code, refused.detail, refused.provider_code) == (
        Refused,
        ErrorCode.TEMPLATE_INVALID,
        "no such template",
        "7",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SENDS.replace("{template_values}", "{template_value}"), 'did you mean "template_values"?'),
        (SENDS.replace("{template_values}", "a {template_values}"), "a list stands alone, or goes through"),
        (
            SENDS.replace("{template_values}", "{template_values|digits}"),
            "a list goes through commas or json, not digits",
        ),
        (SENDS.replace("{template_name}", "x"), "send: a request by a template names `{template_name}`"),
        (
            SENDS.replace("template_invalid: [7]", "template_invaild: [7]"),
            'send.template.errors.template_invaild: .*"template_invalid"',
        ),
        (
            SENDS.replace("    errors: {t", "    value: x\n    errors: {t"),
            r'32:5: send.template.value: unknown key; did you mean "values"',
        ),
        (SENDS.replace("{template_values}", "{template_fields}"), "only a list of `templates` with `places`"),
        (ACME.replace("{sender}", "{template_name}"), "{template_name} is neither a setting nor"),
        (
            SENDS.replace("sender: {help", "template_name: {help").replace("{sender}", "x"),
            "settings.template_name: no name",
        ),
        (HELD.replace("items: list", "items: list["), r"templates.items: not a JMESPath expression"),
        (HELD.replace("(\\w+)", "\\w+"), "a place's form has one group"),
        (HELD.replace("(\\w+)", "(\\w+"), "no regular expression"),
        (HELD.replace("name: name\n", "naem: name\n"), r'31:3: templates.naem: unknown key; did you mean "name"'),
        (HELD.replace("{page}", "{pgae}"), 'templates.query.page: .*did you mean "page"'),
        (
            HELD.replace("  items: list\n", "  items: list\n  setting: sender\n"),
            "templates.setting: no setting of type flag",
        ),
        (HELD.replace(PLAYED.splitlines()[0], ""), "`templates` is missing: what its request is answered"),
        (HELD.replace(PLAYED.splitlines()[1], ""), "`no_template` is missing"),
        (SENDS.replace("{text: 160}", "{text: 160, window: 0}"), "limits.window: a window is of some seconds"),
        (ACME.replace("{text: 160}", "{text: 160, window: 60}"), "limits.window: .* beyond it goes `send.template`"),
        (HELD.replace(TEMPLATE, ""), "templates: a list for nothing: `send` has no `template`"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)
