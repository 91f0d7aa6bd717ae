"""The program that the page shows for a new device, taken from the page and run as it stands."""

import http.cookies
import re
import subprocess
import sys
import unittest
from html.parser import HTMLParser
from http.client import HTTPSConnection
from urllib.parse import urlencode

from server import Server
from tenant import PASSWORD, Device, Tenant


class Codes(HTMLParser):
    """Collects what stands in the code elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.codes, self._inside = [], False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag == "code":
            self._inside = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.codes[-1] += data


class Visitor:
    """Someone at the pages, with a cookie and without JavaScript."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.cookie = tenant, ""
        self.post("/sign-in", {"email": tenant.email, "password": PASSWORD, "next": "/"})

    def post(self, path: str, form: dict) -> str:
        return self._send("POST", path, urlencode(form))

    def get(self, path: str) -> str:
        return self._send("GET", path, None)

    def _send(self, method: str, path: str, body: str | None) -> str:
        connection = HTTPSConnection("localhost", self.tenant.server.https, context=self.tenant.context)
        headers = {"Accept": "text/html", "Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for name, morsel in http.cookies.SimpleCookie(answer.getheader("Set-Cookie", "")).items():
            self.cookie = f"{name}={morsel.value}"
        text = answer.read().decode()
        connection.close()
        assert answer.status < 400, f"{path}: {answer.status}: {text}"
        return text


class Snippet(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.tenant = Tenant.first(self.server)

    def created(self, name: str) -> tuple[Device, list[str]]:
        """Adds a device by page and returns it with the commands that the page shows."""
        visitor = Visitor(self.tenant)
        proof = re.search(r'name="csrf" value="([^"]+)"', visitor.get("/devices/new")).group(1)
        page = visitor.post("/devices/new", {"csrf": proof, "name": name, "kind": "", "place": ""})
        codes = Codes(page).codes
        return Device(codes[0], name, codes[1]), codes

    def shell(self, command: str) -> subprocess.CompletedProcess:
        folder = self.server.folder
        return subprocess.run(["sh", "-ec", command], cwd=folder, check=True, capture_output=True, text=True, timeout=30)

    def test_every_command_of_the_page_works_as_pasted(self) -> None:
        device, codes = self.created("roof sensor (north)")
        fetch = next(code for code in codes if "openssl" in code)
        fingerprint = codes[codes.index(fetch) + 1]
        self.assertIn(fingerprint, self.shell(fetch).stdout)
        self.assertEqual((self.server.folder / "ca.pem").read_text(), self.server.ca.read_text())

        self.shell(next(code for code in codes if code.startswith("mosquitto_pub")))
        self.assertEqual(self.tenant.values(device), [21.5])
        self.shell(next(code for code in codes if code.startswith("curl") and "measurements" in code))
        self.assertEqual(self.tenant.values(device), [21.5, 21.5])

        program = next(code for code in codes if "paho" in code)
        words = [sys.executable, "-u", "-c", program]
        with subprocess.Popen(words, cwd=self.server.folder, stdout=subprocess.PIPE, text=True) as running:
            lines = [running.stdout.readline() for _ in range(3)]
            running.kill()
        sent = [float(re.fullmatch(r"sent (-?[0-9.]+)\n", line).group(1)) for line in lines]
        self.assertEqual(self.tenant.values(device)[2:5], sent)


if __name__ == "__main__":
    unittest.main()
