import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Site } from "./site.mjs";

let site, pump, valve;
before(async () => {
  site = await Site.start();
  [pump, valve] = [await site.device("pump"), await site.device("valve")];
});
after(() => site?.stop());

async function stored(device) {
  const { series } = await site.call("GET", `/api/v1/devices/${device.id}/measurements`);
  return series.flatMap((one) => one.points.map(([, value]) => value));
}

for (const protocolVersion of [4, 5]) {
  const version = protocolVersion === 5 ? "5" : "3.1.1";

  test(`MQTT ${version} over WSS publishes at every quality of service`, async () => {
    const device = await site.device(`sender-${protocolVersion}`);
    const client = await site.connect(device, { protocolVersion });
    for (const qos of [0, 1, 2]) await client.publishAsync(`me/measurements/x`, `${qos + 0.5}`, { qos });
    await client.publishAsync("me/measurements", JSON.stringify({ x: 9 }), { qos: 1 });
    assert.deepEqual(await stored(device), [0.5, 1.5, 2.5, 9]);
    await client.endAsync();
  });

  test(`MQTT ${version} over WSS hears what it subscribes to`, async () => {
    const client = await site.connect(pump, { protocolVersion });
    const [granted] = await client.subscribeAsync("me/measurements/#", { qos: 2 });
    assert.equal(granted.qos, 2);
    const heard = once(client, "message");
    await site.call("POST", "/api/v1/devices/me/measurements", { flow: 1.25 }, pump.token);
    const [topic, payload] = await heard;
    assert.equal(topic, "me/measurements/flow");
    assert.equal(JSON.parse(payload).value, 1.25);
    await client.endAsync();
  });

  test(`MQTT ${version} over WSS is told why a wrong token is refused`, async () => {
    const code = protocolVersion === 5 ? 0x86 : 4;
    const wrong = [{ ...pump, token: "rst_wrong" }, { ...pump, token: valve.token }, { ...pump, name: "nobody" }];
    for (const device of wrong) await assert.rejects(site.connect(device, { protocolVersion }), { code });
  });
}

test("Another device's topic is refused by MQTT 5 with a reason, and the connection goes on", async () => {
  const client = await site.connect(pump);
  for (const qos of [1, 2]) {
    const refused = client.publishAsync("devices/valve/measurements/x", "1", { qos });
    await assert.rejects(refused, { code: 0x87 });
  }
  await client.publishAsync("me/measurements/flow", "3", { qos: 1 });
  assert.deepEqual(await stored(valve), []);
  await client.endAsync();
});

test("Another device's topic ends an MQTT 3.1.1 connection, which has no reason to give", async () => {
  const client = await site.connect(pump, { protocolVersion: 4 });
  const closed = once(client, "close");
  client.publish("devices/valve/measurements/x", "1", { qos: 1 });
  await closed;
  assert.deepEqual(await stored(valve), []);
  await client.endAsync(true);
});

test("A page of another site cannot open the WebSocket", async () => {
  const handshake = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const key = { "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==", "sec-websocket-protocol": "mqtt" };
  const answer = await site.send("GET", "/mqtt", { ...handshake, ...key, origin: "https://evil.example" });
  assert.equal(answer.status, 403);
});
