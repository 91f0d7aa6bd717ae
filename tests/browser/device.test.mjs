import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { Site } from "./site.mjs";

let site, browser, context, page;
before(async () => {
  site = await Site.start();
  browser = await launch(site.server);
  context = await visitor(browser, site.server);
  page = await watched(context, site.server);
  await signIn(page);
  await page.getByRole("heading", { name: "The harbour is empty" }).waitFor();
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

let device, client;

test("A device that is added by page waits, and turns green with its first value over MQTT", async () => {
  await page.getByRole("link", { name: "Add the first device" }).click();
  await page.getByLabel("Name").fill("roof-sensor");
  await page.getByRole("button", { name: "Add device" }).click();
  await page.getByRole("heading", { name: "roof-sensor is ready" }).waitFor();
  const [id, token] = await page.locator(".secrets code").allTextContents();
  device = { id, name: "roof-sensor", token };
  await page.getByText("Waiting for the first value…").waitFor();
  assert.equal(await page.locator("rs-waiting.arrived").count(), 0);

  client = await site.connect(device);
  await client.publishAsync("me/measurements/temperature", "21.5", { qos: 1 });
  await page.locator("rs-waiting.arrived").waitFor();
  assert.equal(await page.locator("rs-waiting").innerText(), "It arrived: temperature 21.5. See its curve");
});

test("The token is shown once and never again", async () => {
  await page.getByRole("link", { name: "See its curve" }).click();
  await page.getByRole("heading", { name: "roof-sensor", exact: true }).waitFor();
  for (const path of [`/devices/${device.id}`, "/devices", "/devices/new", "/tokens"]) {
    await page.goto(path);
    assert.ok(!(await page.content()).includes(device.token), path);
  }
});

test("The page of a device follows it live", async () => {
  await page.goto(`/devices/${device.id}`);
  await page.locator("rs-connection[data-link=open]").waitFor();
  const value = page.locator("tr[data-sensor] .num");
  assert.equal(await value.innerText(), "21.5");
  assert.match(await page.locator("tr[data-sensor]").innerText(), /roof-sensor\s+first token/);
  for (const [sent, shown] of [["22.25", "22.25"], ["-3", "−3"], ['{"value":12345.5,"quality":"good"}', "12\u202f345.5"]]) {
    await client.publishAsync("me/measurements/temperature", sent, { qos: 1 });
    await page.waitForFunction((text) => document.querySelector("tr[data-sensor] .num")?.textContent === text, shown);
  }
  assert.match(await page.locator(".facts").innerText(), /Online/);
});

test("The curve of a device grows while it is looked at, and tells a screen reader so", async () => {
  const last = (value) => page.getByRole("group", { name: `Curve. temperature: last ${value}` }).waitFor();
  await page.locator("rs-chart .u-over").first().waitFor();
  await last("12\u202f346");
  await client.publishAsync("me/measurements/temperature", "77.5", { qos: 2 });
  await last("77.5");
  await page.locator("rs-chart .plot").first().focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => document.querySelector(".plot [aria-live]")?.textContent.includes("temperature"));
});

test("A new sensor is announced on the page of its device, and is there after a look", async () => {
  await client.publishAsync("me/measurements/humidity", "55", { qos: 1 });
  await page.getByText("New on this device: humidity.").waitFor();
  await page.getByRole("link", { name: "Show" }).click();
  await page.locator("tr[data-sensor]", { hasText: "humidity" }).waitFor();
  assert.deepEqual(page.faults, []);
});

test("A revoked token cuts the device off at once", async () => {
  const ended = new Promise((resolve) => client.once("close", resolve));
  await page.getByRole("button", { name: "Revoke first token" }).click();
  await page.getByText("Token revoked.").waitFor();
  await ended;
  await assert.rejects(site.connect(device), { code: 0x86 });
});

test("A device is deleted only by whoever types its name", async () => {
  const button = page.getByRole("button", { name: "Delete device" });
  assert.equal(await button.isDisabled(), true);
  await page.getByLabel(/^Type roof-sensor/).fill("roof-sensor");
  await button.click();
  await page.getByText("Device deleted.").waitFor();
  assert.equal((await page.goto(`/devices/${device.id}`)).status(), 404);
});
