"""A small declaration of a made-up provider, and plugins of what is made of it."""

import asyncio
import sys
from datetime import UTC, datetime
from types import ModuleType

from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.declared import plugin_of
from connectors.kit.http import Http
from connectors.kit.request import Request

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
URL = "https://hub.example.com/in/acme"
SECRET = "word-nobody_shall_see-of-32-octets"
SETTINGS = {"api_base": "https://api.acme.example", "word": SECRET}
ACME = """\
version: 1
name: acme
channel: sms
summary: SMS through Acme
about: An account at Acme.
settles: never
limits: {text: 160}
settings:
  api_base: {type: origin, help: Where Acme is., default: "https://api.acme.example"}
  word: {type: secret, help: A word.}
  sender: {help: Who writes., optional: true, form: "[0-9]+"}
verify:
  - {by: secret, setting: word, query: secret}
receive:
  body: json
  kinds:
    - is: message
      when: text
      id: id
      sender: {path: from, read: [tel]}
      text: text
      time: {path: at, read: [epoch ms]}
    - {is: status, when: state, id: id, status: state, code: why}
statuses: {delivered: [ok], failed: [bad], ignored: [seen]}
errors: {opted_out: [7], rate_limited: ["5*"]}
send:
  url: "{api_base}/send/{to|digits}"
  headers: {x-key: "{word}"}
  json: {from: "{sender}", text: "{text}", tags: ["{token}", 1], extra: {hook: "{webhook_url}?t={token|quote}"}}
  success: {when: "done == `true`"}
  id: id
  error: {code: [error], text: [words]}
simulated:
  accepts: {json: {done: true, id: "{id}"}}
  failures: {}
  message: {json: {id: "{id}", from: "{sender}", text: "{text}"}}
"""


def plugin(folder, text=ACME):
    """The class of a declaration, as if a package `acme_channel` held it."""
    (folder / "channel.yaml").write_text(text)
    sys.modules.setdefault("acme_channel", ModuleType("acme_channel"))
    return plugin_of("acme_channel", str(folder / "__init__.py"))


def made(kind, **settings):
    config = configured(kind.Config, {**SETTINGS, **settings})
    return kind(config, Tools("acme", Http("acme"), webhook_url=URL))


def backfilled(provider, cursor):
    """What a plugin beside this provider is told of what was missed since then."""

    async def run():
        kind = provider.plugin
        config = configured(kind.Config, provider.settings())
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            return await kind(config, Tools("acme", http, now=lambda: NOW)).backfill(cursor)
        finally:
            await http.close()

    return asyncio.run(run())


def came(body=b"", url=f"{URL}?secret={SECRET}", method="POST", **headers):
    return Request(method, url, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)
