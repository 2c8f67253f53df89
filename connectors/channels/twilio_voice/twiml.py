"""What a caller hears next, as TwiML by Twilio's SDK.

While the store is slow the caller hears that it takes a moment, and Twilio is told to ask the same again: so nothing
goes on that is not kept. After some times it goes on all the same; what was late is queued, and each later request says
again that the call began. Source: twilio.com/docs/voice/twiml (read 2026-11).
"""

import math
from collections.abc import Callable
from typing import Any, Final

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from connectors.channels.twilio_voice.asked import Asked, On, number
from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.flow import Turn, ends, turn
from connectors.channels.twilio_voice.parse import CONVERSATION, LONGEST_NAME
from connectors.channels.twilio_voice.phrases import PHRASES
from connectors.channels.twilio_voice.steps import Callback, Dial, Hangup, Menu, Queue, Room, Step, Voicemail, Words
from connectors.channels.twilio_voice.urls import repeated

MOST_HELD: Final = 3
HOLD_SECONDS: Final = 2
LONGEST: Final = 3000
"""Characters that every voice says at once."""
MOST_HINTS: Final = 500


def answer(asked: Asked, config: Config) -> str:
    """The TwiML of a request that somebody waits for on the line."""
    if asked.on is On.WAIT:
        return str(_waiting(asked, config))
    return str(_Answer(asked, config, turn(asked, config)).response())


def moment(asked: Asked, config: Config) -> str:
    """Keeps the caller, and makes Twilio ask again."""
    response = VoiceResponse()
    if asked.held == 0:
        Speaker(config, asked.query.get("lang", "")).phrase(response, "moment")
    response.pause(length=HOLD_SECONDS)
    response.redirect(asked.again(), method="POST")
    return str(response)


def nothing() -> str:
    return str(VoiceResponse())


def hangup() -> str:
    response = VoiceResponse()
    response.hangup()
    return str(response)


class Speaker:
    """Says words in the language of the moment."""

    def __init__(self, config: Config, language: str) -> None:
        self._config = config
        self.language = language or config.language

    def text(self, words: Words) -> str:
        if isinstance(words, str):
            return words
        own = self._config.language
        wanted = (self.language, self.language.partition("-")[0], own, own.partition("-")[0])
        found = next((words[language] for language in wanted if language in words), None)
        return found if found is not None else next(iter(words.values()), "")

    def phrase(self, verb: Any, name: str, **values: int) -> None:
        """What is said besides the operator's own words, unless they have their own for it."""
        own: Words | None = getattr(self._config.phrases, name)
        if own is None:
            known = PHRASES[name]
            own = known.get(self.language.partition("-")[0].lower(), known["en"])
        self.say(verb, own, **values)

    def say(self, verb: Any, words: Words, **values: int) -> None:
        text = self.text(words)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        if text.strip():
            voice = self._config.voices.get(self.language, self._config.voice)
            verb.say(text[:LONGEST], language=self.language, voice=voice)


class _Answer:
    def __init__(self, asked: Asked, config: Config, turn_: Turn) -> None:
        self._asked, self._config, self._turn = asked, config, turn_
        step = config.steps.get(turn_.step or "")
        language = (step.language if step is not None else None) or asked.query.get("lang", "")
        self._speaker = Speaker(config, language)
        self._lang = {"lang": language}

    def response(self) -> VoiceResponse:
        response, told = VoiceResponse(), self._turn
        step = self._config.steps.get(told.step or "")
        if told.queue is not None:
            self._take(response, told.queue)
        elif told.room is not None:
            self._join(response, told.room)
        elif told.silent and step is None:
            if self._asked.on is not On.BRIDGE:
                response.hangup()
        elif step is None:
            self._goodbye(response)
        elif told.step is not None:
            if told.first:
                self._speaker.phrase(response, told.first)
            VERBS[type(step)](self, response, told.step, step)
        return response

    def _next(self, on: On, name: str, **more: str) -> str:
        return self._asked.next(on, name, **{**self._lang, **more})

    def _report(self, on: On, name: str, **more: str) -> str:
        """An address nobody waits for on the line: Twilio repeats what fails."""
        return repeated(self._next(on, name, **more), self._config.webhook_retries)

    def _goodbye(self, response: VoiceResponse) -> None:
        self._speaker.phrase(response, "goodbye")
        response.hangup()

    def _take(self, response: VoiceResponse, queue: str) -> None:
        dial = DialVerb()
        dial.queue(queue, url=f"{self._asked.base}?on={On.BRIDGE}&agent={self._turn.agent}", method="POST")
        response.append(dial)

    def _join(self, response: VoiceResponse, room: str) -> None:
        dial = DialVerb()
        dial.conference(room, participant_label=(self._turn.agent or "")[:LONGEST_NAME])
        response.append(dial)

    def menu(self, response: VoiceResponse, name: str, step: Menu) -> None:
        tries = {"try": str(self._turn.tries)}
        lengths = {len(key) for key in step.keys}
        gather = Gather(
            input=" ".join(kind for kind, used in (("dtmf", step.keys), ("speech", step.words)) if used) or "dtmf",
            action=self._next(On.MENU, name, **tries),
            method="POST",
            timeout=step.timeout,
            num_digits=lengths.pop() if len(lengths) == 1 else None,
            language=self._speaker.language if step.words else None,
            hints=", ".join(step.words)[:MOST_HINTS] or None,
            speech_timeout="auto" if step.words else None,
            action_on_empty_result=True,
        )
        self._speaker.say(gather, step.say)
        response.append(gather)

    def dial(self, response: VoiceResponse, name: str, step: Dial) -> None:
        self._speaker.say(response, step.say)
        of_app = self._asked.caller.startswith(("client:", "sip:"))
        dial = DialVerb(
            action=self._next(On.DIAL, name),
            method="POST",
            timeout=step.timeout,
            answer_on_bridge=True,
            caller_id=self._config.number if of_app else None,
            record="record-from-answer-dual" if step.record else None,
            recording_status_callback=self._report(On.RECORDING, name, of=CONVERSATION) if step.record else None,
            recording_status_callback_event="completed absent" if step.record else None,
        )
        legs = {"status_callback": self._report(On.LEG, name), "status_callback_event": "answered"}
        for address in step.to:
            scheme, _, rest = address.partition(":")
            if scheme == "client":
                client = dial.client(**legs)
                client.identity(rest)
                for parameter, value in (("call", self._asked.call), ("caller", self._asked.caller[:128])):
                    client.parameter(name=parameter, value=value)
            elif scheme == "sip":
                dial.sip(address, **legs)
            else:
                dial.number(address, **legs)
        response.append(dial)

    def queue(self, response: VoiceResponse, name: str, step: Queue) -> None:
        self._speaker.say(response, step.say)
        response.enqueue(
            step.queue,
            action=self._next(On.QUEUE, name),
            method="POST",
            wait_url=self._next(On.WAIT, name),
            wait_url_method="POST",
        )

    def room(self, response: VoiceResponse, name: str, step: Room) -> None:
        """The first in it decides on reports and recording, and that is the caller: agents learn of it by them."""
        self._speaker.say(response, step.say)
        call = self._asked.call
        dial = DialVerb(action=self._next(On.ROOM, name), method="POST")
        dial.conference(
            call,
            end_conference_on_exit=True,
            wait_url=step.music,
            wait_method="GET" if step.music is not None else None,
            status_callback=self._report(On.PRESENT, name, call=call),
            status_callback_event="join leave",
            record="record-from-start" if step.record else None,
            recording_status_callback=self._report(On.RECORDING, name, of=CONVERSATION, call=call)
            if step.record
            else None,
            recording_status_callback_event="completed absent" if step.record else None,
        )
        response.append(dial)

    def voicemail(self, response: VoiceResponse, name: str, step: Voicemail) -> None:
        self._speaker.say(response, step.say)
        response.record(
            action=self._next(On.RECORD, name),
            method="POST",
            timeout=step.timeout,
            max_length=step.most,
            finish_on_key="#",
            play_beep=True,
            recording_status_callback=self._report(On.RECORDING, name, of="voicemail"),
            recording_status_callback_event="completed absent",
            transcribe=True if step.transcribe else None,
            transcribe_callback=self._report(On.TRANSCRIPT, name) if step.transcribe else None,
        )
        self._goodbye(response)  # reached where nothing was said

    def last(self, response: VoiceResponse, _name: str, step: Step) -> None:
        assert ends(step)
        if step.say:
            self._speaker.say(response, step.say)
            response.hangup()
        else:
            self._goodbye(response)


VERBS: Final[dict[type[Step], Callable[..., None]]] = {
    Menu: _Answer.menu,
    Dial: _Answer.dial,
    Queue: _Answer.queue,
    Room: _Answer.room,
    Voicemail: _Answer.voicemail,
    Callback: _Answer.last,
    Hangup: _Answer.last,
}


def _waiting(asked: Asked, config: Config) -> VoiceResponse:
    """What a caller in the queue hears; Twilio takes few verbs there."""
    response, step = VoiceResponse(), config.steps.get(asked.step)
    waited = number(asked.fields.get("QueueTime")) or 0
    if not isinstance(step, Queue) or waited >= step.most:
        response.leave()
        return response
    speaker = Speaker(config, asked.query.get("lang", ""))
    if position := number(asked.fields.get("QueuePosition")):
        speaker.phrase(response, "position", position=position)
    if average := number(asked.fields.get("AvgQueueTime")):
        speaker.phrase(response, "wait", minutes=math.ceil(average / 60))
    if step.music is not None:
        response.play(step.music, loop=1)
    else:
        response.pause(length=step.every)
    response.redirect(asked.same(), method="POST")
    return response
