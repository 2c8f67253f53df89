"""What clients are told of the inbox itself, when that changes: open or closed, and its notice."""

from msgspec.structs import asdict

from gateway.hub import Hub
from gateway.store.times import now
from gateway.web.chat.audience import Audience
from gateway.web.chat.frames import ServiceTold, told
from gateway.web.chat.languages import Languages
from gateway.web.chat.sessions import service


class Bulletin:
    def __init__(self, hub: Hub, audience: Audience) -> None:
        self._hub = hub
        self._audience = audience

    def look(self) -> None:
        """Tells each client, in its language, where it reads otherwise than it was told last."""
        at = now()
        found = {}
        for client in self._audience.clients():
            spoken: tuple[str, Languages] = (client.connector.id, client.languages)
            if spoken not in found:
                stands = service(self._hub, client.connector.place, at, client.languages)
                found[spoken] = stands.news, told(ServiceTold(**asdict(stands)))
            news, frame = found[spoken]
            if client.news != news and self._audience.mention(frame, client):
                client.news = news
