"""The door of a role that this process does not have: says which processes serve it."""

from gateway.api.problems import Code, Problem
from gateway.roles import DOES, Role
from gateway.web.asgi import Receive, Scope, Send, has_body, refuse, turn_away
from gateway.web.chat.socket import turn_away as turn_away_socket

MISDIRECTED = 421
"""https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20 (read 2026-11): not this server's, try another."""
COME_AGAIN = 503
"""What providers repeat. Many take any other refusal for the last word, and drop what they sent."""
RETRY_AFTER = "30"


class Elsewhere:
    def __init__(self, role: Role, status: int = MISDIRECTED) -> None:
        detail = f"this process does not serve it: the way leads to those with the role {role} ({DOES[role]})"
        headers = {"retry-after": RETRY_AFTER} if status == COME_AGAIN else {}
        self._problem = Problem(status, Code.MISDIRECTED, detail, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await turn_away_socket(send, self._problem)
        elif has_body(scope):
            await turn_away(receive, send, self._problem)
        else:
            await refuse(send, self._problem)
