"""How a message's actions are offered on a channel: as buttons, as numbered text, or as plain lines."""

from collections.abc import Sequence

import msgspec

from normalizer.capability import ActionLimit
from normalizer.model import Loss, Value
from normalizer.parts import (
    Action,
    CallAction,
    FormAction,
    LinkAction,
    PostbackAction,
    ReplyAction,
)
from normalizer.split import fits, shorten


class Offer(Value, frozen=True, kw_only=True):
    buttons: tuple[Action, ...] = ()
    numbered: tuple[Action, ...] = ()
    """Offered by a number; what can be answered with a word."""
    lines: tuple[str, ...] = ()
    """Links, telephone numbers and requests that no number answers, spelled out."""
    losses: tuple[Loss, ...] = ()


NOTHING = Offer()


def offer(actions: Sequence[Action], limit: ActionLimit | None, room: int | None = None) -> Offer:
    """Buttons where the channel has them and there is `room` (default: the channel's most), else text.

    Answers are offered all one way, so that a reader never finds half of them as buttons.
    """
    if not actions:
        return NOTHING
    room = 0 if limit is None else limit.most if room is None else min(room, limit.most)
    if limit is not None and len(actions) > 1:
        limit = msgspec.structs.replace(limit, types=limit.types - limit.alone)
    opened = [_opened(action, limit) for action in actions]
    losses = [loss for _, loss in opened if loss is not None]
    actions = [action for action, _ in opened]
    answers = [action for action in actions if isinstance(action, ReplyAction | PostbackAction)]
    as_buttons = len(answers) <= room and all(_pressable(action, limit) for action in answers)
    left = room - len(answers) if as_buttons else room
    buttons: list[Action] = []
    lines: list[str] = []
    for action in actions:
        if isinstance(action, ReplyAction | PostbackAction):
            if as_buttons:
                buttons.append(action)
        elif left > 0 and _pressable(action, limit):
            buttons.append(action)
            left -= 1
        else:
            lines.append(spelled(action))
            losses.append(Loss(what=f"{_named(action)} button", became="text"))
    if answers and not as_buttons:
        losses.append(Loss(what=f"{len(answers)} buttons", became="numbered text"))
    labelled = [_labelled(action, limit) for action in buttons]
    losses += [loss for _, loss in labelled if loss is not None]
    return Offer(
        buttons=tuple(action for action, _ in labelled),
        numbered=() if as_buttons else tuple(answers),
        lines=tuple(lines),
        losses=tuple(losses),
    )


def _opened(action: Action, limit: ActionLimit | None) -> tuple[Action, Loss | None]:
    """A form as a link to where the same can be filled in, on a channel that has none."""
    if not isinstance(action, FormAction) or action.url is None or (limit is not None and "form" in limit.types):
        return action, None
    return LinkAction(label=action.label, url=action.url), Loss(what="form button", became="link")


def spelled(action: Action) -> str:
    """An action as a line of text."""
    match action:
        case (
            LinkAction(label=label, url=target)
            | CallAction(label=label, number=target)
            | FormAction(label=label, url=str(target))
        ):
            return f"{label}: {target}"
        case _:
            return action.label if action.label.strip() else _named(action)


def _named(action: Action) -> str:
    return str(type(action).__struct_config__.tag).replace("_", " ")


def _pressable(action: Action, limit: ActionLimit | None) -> bool:
    if limit is None or type(action).__struct_config__.tag not in limit.types:
        return False
    if limit.value is None or not isinstance(action, ReplyAction | PostbackAction):
        return True
    return fits(action.value or action.label, limit.value)


def _labelled(action: Action, limit: ActionLimit | None) -> tuple[Action, Loss | None]:
    if limit is None or fits(action.label, limit.label):
        return action, None
    label = shorten(action.label, limit.label)
    loss = Loss(what=f"label {action.label[:80]!r}", became=f"{label!r}")
    if isinstance(action, ReplyAction) and not action.value:
        # The answer must still say the whole label.
        return msgspec.structs.replace(action, label=label, value=action.label), loss
    return msgspec.structs.replace(action, label=label), loss
