"""What an operator sets for a number: the account, and what a caller hears.

Steps are data: each says something and leads to others by name. `start` is the first.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Final

import msgspec

from connectors.channels.twilio_voice.steps import Callback, Dial, Hangup, Menu, Queue, Room, Step, Voicemail, Words
from connectors.families.twilio.access import NUMBER, check_access
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret
from normalizer.hours import Hours, Span, SpecialDay, zone_named
from normalizer.opening import DAY_KEY, days_of, spans

MOST_STEPS: Final = 200
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When steps with `closed` are open."""

    tz: str
    """The zone of the clock on the wall, such as Europe/London."""
    days: dict[str, str]
    """`mon-fri: "9:00-17:00"`; days that are not named are closed."""
    holidays: tuple[date, ...] = ()
    """Dates on which it is closed all day."""

    def hours(self) -> Hours:
        """Raises ValueError."""
        if zone_named(self.tz) is None:
            raise ValueError("hours.tz: not a zone of the IANA's, such as Europe/Berlin")
        week: dict[int, tuple[Span, ...]] = {}
        for name, said in self.days.items():
            if not DAY_KEY.fullmatch(name):
                raise ValueError("hours.days: neither a day such as mon nor days such as mon-fri")
            week.update(dict.fromkeys(days_of(name), spans(said)))
        special = tuple(SpecialDay(day) for day in sorted(set(self.holidays)))
        return Hours(tz=self.tz, week=tuple(week.get(day, ()) for day in range(7)), special=special)


class Phrases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said besides the steps' own words, where it is not `connectors.channels.twilio_voice.phrases`."""

    unknown: Words | None = None
    silence: Words | None = None
    goodbye: Words | None = None
    moment: Words | None = None
    position: Words | None = None
    """`{position}` stands for the number."""
    wait: Words | None = None
    """`{minutes}` stands for the number."""


class Config(PluginConfig, frozen=True, kw_only=True):
    """One number of a Twilio account that takes and makes calls."""

    account_sid: str
    """`AC…`; that of the subaccount, where the number belongs to one."""
    auth_token: Secret
    """The same account's primary token. It signs the webhooks, and opens the API where no key does."""
    number: str
    """E.164. Calls come in on it, and ours show it."""
    key_sid: str | None = None
    """`SK…`: an API key to ask and call with, instead of the token; tokens for apps need it."""
    key_secret: Secret | None = None
    application_sid: str | None = None
    """`AP…`: the TwiML application that calls out of apps go through."""
    push_sid: str | None = None
    """`CR…`: how a sleeping app is told that it rings."""
    app_minutes: Annotated[int, msgspec.Meta(ge=1, le=1430)] = 60
    """How long a token for an app lasts."""
    language: str = "en-US"
    """BCP 47, of what is said and of the speech that is listened for, until a step has another."""
    voice: str | None = None
    """As Twilio names voices, such as `Polly.Amy`; its own for the language unless set."""
    voices: dict[str, str] = msgspec.field(default_factory=dict)
    """By language, where that is not `voice`."""
    start: str = "start"
    """The step a call begins with."""
    steps: dict[str, Step] = msgspec.field(
        default_factory=lambda: {"start": Voicemail(say="Please leave a message after the tone.")}
    )
    """By name. Without any, a caller can leave a message."""
    hours: OpeningHours | None = None
    phrases: Phrases = Phrases()
    agents: dict[str, str] = msgspec.field(default_factory=dict)
    """Names of those who answer, and the numbers (E.164) or apps (`client:ada`) they call from to take a caller from
    the queue, or to join one in their room."""
    backfill: bool = True
    """Whether calls that ended unheard are asked for; not, where others answer this number."""
    record: bool = False
    """Whether calls of ours are recorded; the law of the place may ask for the consent of who is called."""
    announce: Words = ""
    """What a call of ours begins with where it is recorded, such as that it is."""
    webhook_retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 5
    """How often Twilio repeats a report that failed, within 15 seconds in all."""
    ring_seconds: Annotated[int, msgspec.Meta(ge=5, le=600)] = 60
    """How long a call of ours rings."""
    api_base: str = "https://api.twilio.com"
    """Another for a region."""
    media_origin: str | None = None
    """An origin recordings may be redirected to although its address is private, such as a mirror's."""
    send_seconds: Seconds = 30.0

    def __post_init__(self) -> None:
        check_access(self.account_sid, self.key_sid, self.key_secret)
        if not NUMBER.fullmatch(self.number):
            raise ValueError("number: not E.164, such as +447700900111")
        if self.application_sid is not None and not self.application_sid.startswith("AP"):
            raise ValueError("application_sid: not of the form AP…")
        if self.announce and not self.record:
            raise ValueError("announce: goes with record: true")
        if len(self.steps) > MOST_STEPS:
            raise ValueError(f"steps: more than {MOST_STEPS}")
        for where, name in self._named():
            if name not in self.steps:
                raise ValueError(f"{where}: there is no step {name!r}")
        self.opening()

    def _named(self) -> Iterator[tuple[str, str]]:
        """Every step that is led to, and from where."""
        yield "start", self.start
        for name, step in self.steps.items():
            for other in leads_to(step):
                yield f"steps.{name}", other

    def opening(self) -> Hours | None:
        return self.hours.hours() if self.hours is not None else None

    @property
    def queues(self) -> Mapping[str, Queue]:
        """The steps that queue callers, by the queue's name."""
        return {step.queue: step for step in self.steps.values() if isinstance(step, Queue)}

    @property
    def has_rooms(self) -> bool:
        return any(isinstance(step, Room) for step in self.steps.values())

    @property
    def signing(self) -> tuple[str, Secret]:
        """User and password that belong to the token itself."""
        return self.account_sid, self.auth_token

    @property
    def credentials(self) -> tuple[str, Secret]:
        """User and password for the API."""
        if self.key_sid is not None and self.key_secret is not None:
            return self.key_sid, self.key_secret
        return self.signing


def leads_to(step: Step) -> Iterator[str]:
    if step.closed is not None:
        yield step.closed
    match step:
        case Menu():
            yield from step.keys.values()
            yield from step.words.values()
            if step.otherwise is not None:
                yield step.otherwise
        case Dial() | Queue() | Room():
            if step.otherwise is not None:
                yield step.otherwise
        case Voicemail() | Callback() | Hangup():
            return
