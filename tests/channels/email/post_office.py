"""A mail connector and its lane at a relay, by a clock that is moved and never slept."""

from datetime import timedelta

from email_sender import ANN

from connectors.channels.email import Email
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from gateway.arrival import Place
from gateway.deliver import deliver
from gateway.files import Files
from gateway.live import LiveConnector
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.send.claim import Wanted, claim
from gateway.send.work import Lane
from gateway.settings.model import Connector, Limits
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Inbox
from tests.service.conftest import ADA, SATURDAY, Shop

HOUR = 3600
DAY = 24 * HOUR


class PostOffice(Shop):
    """Every write happens at `now`."""

    def __init__(self, folder, relay, give_up_after=None, **settings):
        super().__init__(folder)
        place = Place("mail", "email", "mailto", Inbox(id="main"))
        config = configured(Email.Config, {**relay.settings(), **settings})
        plugin = Email(config, Tools("mail", Http("mail"), lambda: self.now))
        entry = Connector(name="mail", plugin="email", inbox="main", config=config, give_up_after=give_up_after)
        self.live = LiveConnector(entry, place, plugin, plugin.tools.http, "")
        self.connectors = {"mail": self.live}
        limits = Limits(lease=1.0)
        self.lane = Lane(self.live, self, Files(folder / "files"), str, owner="one", limits=limits, carry_out=deliver)
        self.tried = []
        """Seconds after the first attempt at which each began."""

    async def send(self, to=ANN, **command):
        wanted = SendMessage(to=Recipient(connector="mail", address=to), text="hello", **command)
        (accepted,) = self.write_now(accept, Ask("principal", ADA, wanted, self.connectors))
        assert isinstance(accepted, Accepted), accepted

    def write_now(self, apply, *items):
        return super().write(apply, *items)

    async def write(self, apply, item):
        (result,) = self.write_now(apply, item)
        return result

    async def work(self, until=10 * DAY):
        """Carries out what falls due until `until` seconds from the beginning, however often that is."""
        wanted = Wanted(self.live, owner="one", lease=1.0, most=8, idle=True, link=str)
        while True:
            claims = await self.write(claim, wanted)
            for claimed in claims.parcels:
                self.tried.append(round((self.now - SATURDAY).total_seconds()))
                await deliver(self.lane, claimed)
            if claims.parcels:
                continue
            later = self.now + timedelta(seconds=claims.wait or 0)
            if claims.wait is None or later > SATURDAY + timedelta(seconds=until):
                return
            self.now = later

    def deliveries(self):
        return self.rows("SELECT status, attempt FROM deliveries ORDER BY id")

    def lane_state(self):
        return self.rows("SELECT state, failures FROM lanes")
