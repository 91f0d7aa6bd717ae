"""paho-mqtt, told to wait: each call returns when the server has answered."""

import json
import queue
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from server import Server
from tenant import Device

PATIENCE = 10
VERSIONS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


class Client:
    """A connected client. As a context it disconnects at its end."""

    def __init__(self, server: Server, device: Device, version: int, client_id: str = "", keep: bool = False) -> None:
        self.server, self.version, self.keep = server, version, keep
        options = {} if version == paho.MQTTv5 else {"clean_session": not keep}
        self.paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id, protocol=version, reconnect_on_failure=False, **options
        )
        self.paho.username_pw_set(device.name, device.token)
        self.paho.tls_set(ca_certs=str(server.ca))
        self._answers: dict[int, queue.Queue] = {}
        self._lock = threading.Lock()
        self.connected, self.messages, self.ended = queue.Queue(), queue.Queue(), queue.Queue()
        self.paho.on_connect = lambda _c, _u, flags, reason, _p: self.connected.put((flags, reason))
        self.paho.on_disconnect = lambda _c, _u, _f, reason, _p: self.ended.put(reason)
        self.paho.on_message = lambda _c, _u, message: self.messages.put(message)
        self.paho.on_publish = lambda _c, _u, mid, reason, _p: self._answer(mid).put(reason)
        self.paho.on_subscribe = lambda _c, _u, mid, reasons, _p: self._answer(mid).put(reasons)

    def open(self) -> "Client":
        """Connects, whatever the answer is; it stands in `session` and `reason`."""
        self.paho.connect("localhost", self.server.mqtt, **self._start())
        self.paho.loop_start()
        flags, self.reason = self.connected.get(timeout=PATIENCE)
        self.session = flags.session_present
        return self

    def _start(self) -> dict:
        if self.version != paho.MQTTv5:
            return {}
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600 if self.keep else 0
        return {"clean_start": not self.keep, "properties": properties}

    def _answer(self, mid: int) -> queue.Queue:
        with self._lock:
            return self._answers.setdefault(mid, queue.Queue())

    def publish(self, topic: str, payload: object, qos: int = 1, retain: bool = False):
        """Publishes and returns the reason code of the acknowledgement."""
        sent = self.paho.publish(topic, payload, qos, retain)
        return self._answer(sent.mid).get(timeout=PATIENCE)

    def subscribe(self, *filters: str, qos: int = 1) -> list:
        """Subscribes and returns the reason codes."""
        _, mid = self.paho.subscribe([(name, qos) for name in filters])
        return self._answer(mid).get(timeout=PATIENCE)

    def message(self) -> tuple[str, object]:
        """The next message: topic and value."""
        message = self.messages.get(timeout=PATIENCE)
        return message.topic, json.loads(message.payload)["value"]

    def cut(self) -> None:
        """Ends the connection without a word, as a lost network does."""
        self.paho.loop_stop()
        self.paho.socket().shutdown(2)
        self.paho.socket().close()

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def __enter__(self) -> "Client":
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()
