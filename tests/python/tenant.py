"""A claimed tenant, reached through the real doors with nothing but the standard library."""

import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from server import Server

PASSWORD = "a horse that rides at anchor"


@dataclass
class Device:
    """A device with its token."""

    id: str
    name: str
    token: str


class Tenant:
    """A tenant and its owner's token."""

    def __init__(self, server: Server, name: str, link: str) -> None:
        self.server, self.name = server, name
        self.context = ssl.create_default_context(cafile=server.ca)
        self.email = f"owner@{name}.example"
        self.token = None
        body = {"secret": urlsplit(link).fragment, "tenant": name, "email": self.email, "password": PASSWORD}
        self.token = self.call("POST", "/api/v1/claim", body)["token"]

    @classmethod
    def first(cls, server: Server) -> "Tenant":
        """Claims the server with the link that it printed."""
        return cls(server, "acme", server.claim)

    @classmethod
    def further(cls, server: Server, name: str) -> "Tenant":
        """Claims a further tenant with a link that the operator's command makes."""
        words = server.command("tenant", "invite", "--data", str(server.data)).split()
        return cls(server, name, next(word for word in words if "/claim#" in word))

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> dict:
        """Sends JSON and returns JSON; an error status is an error."""
        headers = {"Content-Type": "application/json"}
        if token or self.token:
            headers["Authorization"] = f"Bearer {token or self.token}"
        connection = http.client.HTTPSConnection("localhost", self.server.https, context=self.context, timeout=30)
        try:
            connection.request(method, path, json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status}: {text}")
        return json.loads(text) if text else {}

    def device(self, name: str, place: str | None = None) -> Device:
        """Makes a device with a token."""
        made = self.call("POST", "/api/v1/devices", {"name": name, "place": place})
        path = f"/api/v1/devices/{made['id']}/credentials"
        return Device(made["id"], name, self.call("POST", path, {"label": "test"})["token"])

    def reader(self, name: str) -> Device:
        """Makes a device that may read everything in its tenant."""
        device = self.device(name)
        tenant = self.call("GET", "/api/v1/me")["tenant"]["id"]
        self.call("POST", f"/api/v1/resources/{tenant}/grants", {"principal": name, "role": "viewer"})
        return device

    def values(self, device: Device) -> list:
        """Every stored value of a device."""
        series = self.call("GET", f"/api/v1/devices/{device.id}/measurements")["series"]
        return [value for one in series for _, value in one["points"]]
