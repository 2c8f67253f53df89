"""A customer before a chat in a real browser: what they see and what they do, as they would say it."""

import re
from typing import Self

from playwright.sync_api import BrowserContext, Locator, Page, expect

PATIENCE = 20_000
"""Milliseconds."""
expect.set_options(timeout=PATIENCE)


class Customer:
    """One tab. `faults` is what the page complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"{error}\n{error.stack}"))
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.url = url

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text and "WebSocket" not in text:
            self.faults.append(text)

    def come(self) -> Self:
        """Opens the page, and has caught up."""
        self.page.goto(self.url)
        return self.until_live()

    def until_live(self) -> Self:
        self.page.locator("onethread-chat[state=live]").wait_for(state="attached")
        return self

    @property
    def chat(self) -> Locator:
        return self.page.locator("onethread-chat")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def box(self) -> Locator:
        return self.page.locator("textarea")

    @property
    def messages(self) -> Locator:
        return self.log.get_by_role("article")

    @property
    def unsent(self) -> Locator:
        return self.page.locator(".m:is(.sending, .failed)")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has=self.page.locator("p", has_text=re.compile(f"^{re.escape(text)}$")))

    def write(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def sees(self, *texts: str) -> None:
        """Waits until the log shows exactly these, in this order."""
        expect(self.log.locator(".m > p")).to_have_text(list(texts))

    def sent(self) -> None:
        """Waits until nothing is unsent."""
        expect(self.unsent).to_have_count(0)
