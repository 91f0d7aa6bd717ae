"""paho-mqtt against the MQTT door, in both versions of the protocol."""

import unittest

import paho.mqtt.client as paho

from client import VERSIONS, Client
from server import Server
from tenant import Device, Tenant

OTHER = "devices/valve/measurements/x"


class Mqtt(unittest.TestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.tenant = Tenant.first(cls.server)
        cls.tenant.call("POST", "/api/v1/spaces", {"name": "Plant", "class": "Site", "parent": None})
        cls.tenant.call("POST", "/api/v1/spaces", {"name": "Hall", "class": "Building", "parent": "Plant"})
        cls.pump = cls.tenant.device("pump", "Plant/Hall")
        cls.valve = cls.tenant.device("valve", "Plant")
        cls.reader = cls.tenant.reader("reader")

    def connect(self, device: Device, version: int, **options: object) -> Client:
        client = Client(self.server, device, version, **options).open()
        self.addCleanup(client.close)
        self.assertEqual(client.reason, 0)
        return client

    def test_every_quality_of_service_is_stored(self) -> None:
        for name, version in VERSIONS.items():
            device = self.tenant.device(f"sender {name}")
            client = self.connect(device, version)
            for qos in (0, 1, 2):
                client.publish("me/measurements/x", qos + 0.5, qos)
            client.publish("me/measurements", '{"x": 9}', 1)
            self.assertEqual(self.tenant.values(device), [0.5, 1.5, 2.5, 9])

    def test_a_reader_hears_by_device_and_by_place_with_wildcards(self) -> None:
        by_device, by_place = "devices/pump/measurements/flow", "spaces/Plant/Hall/devices/pump/measurements/flow"
        heard = {
            "devices/pump/measurements/flow": by_device,
            "devices/+/measurements/flow": by_device,
            "devices/pump/#": by_device,
            "#": by_device,
            "spaces/Plant/#": by_place,
            "spaces/+/Hall/devices/+/measurements/+": by_place,
            "$share/group/devices/pump/measurements/+": by_device,
        }
        for version in VERSIONS.values():
            sender = self.connect(self.pump, version)
            for number, (wanted, topic) in enumerate(heard.items()):
                with self.subTest(filter=wanted), Client(self.server, self.reader, version) as reader:
                    self.assertEqual(reader.subscribe(wanted), [1])
                    sender.publish("me/measurements/flow", number)
                    self.assertEqual(reader.message(), (topic, number))
                    self.assertTrue(reader.messages.empty())

    def test_a_filter_that_does_not_fit_hears_nothing(self) -> None:
        for version in VERSIONS.values():
            reader, sender = self.connect(self.reader, version), self.connect(self.pump, version)
            reader.subscribe("devices/valve/#", "spaces/Plant/devices/#", "spaces/Hall/#", "devices/pump/measurements")
            sender.publish("me/measurements/flow", 1)
            reader.subscribe("devices/pump/#")
            sender.publish("me/measurements/flow", 2)
            self.assertEqual(reader.message()[1], 2)

    def test_a_retained_value_is_told_to_whoever_comes_later(self) -> None:
        for name, version in VERSIONS.items():
            sender = self.connect(self.pump, version)
            sender.publish("me/measurements/state", f'{{"value": "{name}"}}', retain=True)
            late = self.connect(self.reader, version)
            late.subscribe("devices/pump/measurements/state")
            message = late.messages.get(timeout=10)
            self.assertTrue(message.retain)
            self.assertIn(name, message.payload.decode())

    def test_a_will_is_delivered_when_the_connection_is_cut(self) -> None:
        for version in VERSIONS.values():
            watcher = self.connect(self.reader, version)
            watcher.subscribe("devices/valve/measurements/alive")
            doomed = Client(self.server, self.valve, version)
            doomed.paho.will_set("me/measurements/alive", "0", qos=1)
            doomed.open().cut()
            self.assertEqual(watcher.message(), ("devices/valve/measurements/alive", 0))
            self.assertEqual(self.tenant.values(self.valve)[-1], 0)

    def test_no_will_is_delivered_after_a_proper_farewell(self) -> None:
        for version in VERSIONS.values():
            watcher = self.connect(self.reader, version)
            watcher.subscribe("devices/valve/#")
            leaving = Client(self.server, self.valve, version)
            leaving.paho.will_set("me/measurements/gone", "0", qos=1)
            leaving.open().close()
            self.connect(self.valve, version).publish("me/measurements/here", 1)
            self.assertEqual(watcher.message(), ("devices/valve/measurements/here", 1))

    def test_a_kept_session_misses_nothing_while_it_is_away(self) -> None:
        for name, version in VERSIONS.items():
            sender = self.connect(self.pump, version)
            options = {"client_id": f"kept {name}", "keep": True}
            with Client(self.server, self.reader, version, **options) as first:
                self.assertFalse(first.session)
                first.subscribe("devices/pump/measurements/flow")
            for value in (1, 2, 3):
                sender.publish("me/measurements/flow", value)
            again = self.connect(self.reader, version, **options)
            self.assertTrue(again.session)
            self.assertEqual([again.message()[1] for _ in range(3)], [1, 2, 3])

    def test_a_wrong_token_is_refused_with_the_right_code(self) -> None:
        for version in VERSIONS.values():
            wrong = (
                Device("", "pump", "rst_wrong"),
                Device("", "pump", self.valve.token),
                Device("", "nobody", self.pump.token),
                Device("", "", self.pump.token),
            )
            for device in wrong:
                with self.subTest(device=device.name), Client(self.server, device, version) as client:
                    # paho tells the codes of MQTT 3.1.1 by the names of MQTT 5.
                    self.assertEqual(client.reason.getName(), "Bad user name or password")

    def test_another_devices_topic_is_refused(self) -> None:
        client = self.connect(self.pump, paho.MQTTv5)
        self.assertEqual(client.publish(OTHER, 1, qos=1), 0x87)
        # paho passes over the reason in PUBREC and is told once more in PUBCOMP.
        self.assertTrue(client.publish(OTHER, 1, qos=2).is_failure)
        self.assertEqual(client.publish("me/measurements/flow", 5), 0)
        old = self.connect(self.pump, paho.MQTTv311)
        old.paho.publish(OTHER, 1, 1)
        old.ended.get(timeout=10)
        series = self.tenant.call("GET", f"/api/v1/devices/{self.valve.id}/measurements")["series"]
        self.assertNotIn("x", [one["name"] for one in series])

    def test_another_tenants_topic_cannot_be_told_from_one_that_does_not_exist(self) -> None:
        other = Tenant.further(self.server, "other")
        spy = other.reader("spy")
        other.device("twin")
        for version in VERSIONS.values():
            reader, sender = self.connect(spy, version), self.connect(self.pump, version)
            reader.subscribe("#", "devices/#", "spaces/#", "+/+/#", f"devices/{self.pump.id}/#", "devices/pump/#")
            sender.publish("me/measurements/flow", 1)
            reader.publish("me/measurements/own", 2)
            self.assertEqual(reader.message(), ("devices/spy/measurements/own", 2))
        reader = self.connect(spy, paho.MQTTv5)
        names = ("pump", self.pump.id, "no-such-device", "twin")
        codes = {reader.publish(f"devices/{name}/measurements/x", 1).value for name in names}
        self.assertEqual(codes, {0x87})

    def test_an_oversized_packet_ends_its_own_connection_and_no_other(self) -> None:
        steady = self.connect(self.pump, paho.MQTTv5)
        large = b"x" * (300 * 1024)
        for name, version in VERSIONS.items():
            client = self.connect(self.valve, version)
            client.paho.publish("me/measurements/blob", large, 1)
            reason = client.ended.get(timeout=10)
            if name == "5":
                self.assertEqual(reason.getName(), "Packet too large")
        self.assertEqual(steady.publish("me/measurements/flow", 1), 0)


if __name__ == "__main__":
    unittest.main()
