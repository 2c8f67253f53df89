"""Whether somebody is there, when to expect an answer, a notice: told as it is, and as it changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Locator, expect

from gateway.settings import load
from tests.browser.conftest import Come
from tests.browser.customer import Customer
from tests.browser.test_browser_access import AXE, violations
from tests.browser.test_browser_doors import NO_SOCKET
from tests.chat.talk import make_hub
from tests.web.parrot import Served, serving

pytestmark = pytest.mark.server("chromium")
LATER = datetime.now(UTC).date() + timedelta(days=3)
ALWAYS = {"tz": "UTC", "mon-sun": "0:00-24:00"}
UNTIL_LATER = {**ALWAYS, "holidays": [LATER.isoformat()]}
FROM_LATER = {"tz": "UTC", f"{LATER:%a}".lower(): "9:00-21:00"}
OPENS = f"{LATER:%d/%m/%Y}, 09:00"
CLOSES = f"{LATER:%d/%m/%Y}, 00:00"


class Reception:
    """A hub whose operator changes the inbox while customers look on."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.page = f"{served.url}/chat/app/"

    def set(self, **inbox: Any) -> None:
        path = self.served.hub.settings.path
        told = {**yaml.safe_load(path.read_text()), "inboxes": {"main": inbox}}
        path.write_text(yaml.safe_dump(told))
        self.served.hub.settings = load(path, {})


@pytest.fixture
def reception(tmp_path: Path) -> Iterator[Reception]:
    with serving(make_hub(tmp_path, emergency=True), heartbeat=2.0) as served:
        yield Reception(served)


def told(customer: Customer) -> Locator:
    return customer.page.locator("header [aria-live=polite]")


def test_hours_are_told_and_change_while_one_looks(reception: Reception, stranger: Come) -> None:
    reception.set(hours=UNTIL_LATER)
    customer = stranger(reception.page, timezone_id="UTC").come()
    expect(told(customer)).to_have_text(f"Open until {CLOSES}")
    reception.set(hours=FROM_LATER)
    expect(told(customer)).to_have_text(f"Closed · Opens {OPENS}")
    reception.set(hours=ALWAYS)
    expect(told(customer)).to_have_text("")


@pytest.mark.parametrize(
    ("target", "words"),
    [("90s", "2 minutes"), ("30s", "30 seconds"), ("60s", "1 minute"), ("5h", "5 hours"), ("24h", "1 day")],
)
def test_when_to_expect_an_answer_is_told(reception: Reception, stranger: Come, target: str, words: str) -> None:
    reception.set(targets={"chat": target})
    expect(told(stranger(reception.page).come())).to_have_text(f"Usually answered within {words}")


SPOKEN = {
    "en-GB": ("Open until", "Usually answered within 2 minutes"),
    "zh": ("营业至", "通常在2分钟内回复"),
    "ms": ("Buka hingga", "Biasanya dijawab dalam 2 minit"),
    "de": ("Geöffnet bis", "Antwort meist innerhalb von 2 Minuten"),
    "fr": ("Ouvert jusqu’à", "Réponse habituelle sous 2 minutes"),
    "es": ("Abierto hasta", "Respuesta habitual en 2 minutos"),
    "pt": ("Aberto até", "Resposta habitual em 2 minutos"),
    "ar": ("مفتوح حتى", "الرد عادةً خلال دقيقتان"),
}


def test_it_is_told_in_their_language(reception: Reception, stranger: Come) -> None:
    reception.set(hours=UNTIL_LATER, targets={"chat": "90s"})
    for language, (hours, expected) in SPOKEN.items():
        customer = stranger(reception.page, locale=language, timezone_id="UTC").come()
        expect(told(customer)).to_contain_text(hours)
        expect(told(customer)).to_contain_text(expected)


NOTICES = {"en": "Back at noon", "zh": "中午回来", "de": "Mittags zurück"}


@pytest.mark.parametrize("init", ["", NO_SOCKET], ids=["socket", "events"])
def test_a_notice_comes_and_goes_in_their_language(reception: Reception, stranger: Come, init: str) -> None:
    english = stranger(reception.page, init=init).come()
    chinese = stranger(reception.page, init=init, locale="zh-CN").come()
    expect(told(english)).to_have_text("")
    reception.set(notice={"text": NOTICES})
    expect(told(english)).to_have_text("Back at noon")
    expect(told(chinese)).to_have_text("中午回来")
    english.chat.evaluate("chat => (chat.lang = 'de')")
    expect(told(english)).to_have_text("Mittags zurück")
    reception.set(notice={"text": {"de": "Gleich zurück"}})
    expect(told(english)).to_have_text("Gleich zurück")
    reception.set()
    expect(told(english)).to_have_text("")
    expect(told(chinese)).to_have_text("")


def test_a_notice_ends_by_itself(reception: Reception, stranger: Come) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=6)
    reception.set(hours=UNTIL_LATER, notice={"text": NOTICES, "until": soon.isoformat()})
    customer = stranger(reception.page, timezone_id="UTC").come()
    expect(told(customer)).to_have_text(f"Open until {CLOSES} · Back at noon")
    expect(told(customer)).to_have_text(f"Open until {CLOSES}")


def test_an_emergency_is_offered_where_the_hub_takes_one(reception: Reception, stranger: Come, tmp_path: Path) -> None:
    customer = stranger(reception.page, locale="fr").come()
    expect(customer.page.get_by_role("button", name="Urgence")).to_be_visible()
    (tmp_path / "quiet").mkdir()
    with serving(make_hub(tmp_path / "quiet", emergency=False)) as quiet:
        elsewhere = stranger(f"{quiet.url}/chat/app/", locale="fr").come()
        expect(elsewhere.page.get_by_role("button", name="Envoyer")).to_be_visible()
        expect(elsewhere.page.get_by_role("button", name="Urgence")).to_have_count(0)
        elsewhere.page.close()


def test_who_cannot_see_it_hears_it(reception: Reception, stranger: Come) -> None:
    reception.set(hours=UNTIL_LATER)
    # axe measures with styles of its own, which the page's policy would not let it
    customer = stranger(reception.page, init=AXE.read_text(), bypass_csp=True, timezone_id="UTC").come()
    expect(told(customer)).to_have_text(f"Open until {CLOSES}")
    header = customer.page.locator("header").aria_snapshot()
    assert f"Open until {CLOSES}" in header
    live = told(customer).element_handle()
    reception.set(hours=FROM_LATER)
    expect(told(customer)).to_have_text(f"Closed · Opens {OPENS}")
    assert live.evaluate("region => [region.isConnected, region.textContent]") == [True, f"Closed · Opens {OPENS}"]
    assert violations(customer.page) == []
