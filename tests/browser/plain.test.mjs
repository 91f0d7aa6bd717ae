import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visitor } from "./browser.mjs";
import { furnish } from "./harbour.mjs";
import { Site } from "./site.mjs";

let site, browser, harbour, page;
before(async () => {
  site = await Site.start();
  harbour = await furnish(site);
  browser = await launch(site.server);
  const context = await visitor(browser, site.server, { javaScriptEnabled: false });
  page = await context.newPage();
  await signIn(page);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

const rows = (table) => page.locator(`${table} tbody tr`).allInnerTexts();

test("Without JavaScript the overview lists the devices with state and last values", async () => {
  await page.goto("/");
  const shown = (await rows("table.devices")).join("\n");
  for (const text of ["room-climate", "inverter (AC)", "silent-buoy", "temperature", "°C", "Never seen"]) {
    assert.ok(shown.includes(text), text);
  }
});

test("Without JavaScript a device has its latest values in a table, and its history as CSV", async () => {
  await page.goto(`/devices/${harbour.climate.id}`);
  const shown = await rows("table");
  assert.equal(shown.length, 4);
  assert.match(shown.find((row) => row.startsWith("temperature")), /°C\s+good\s+.*UTC/s);
  const csv = page.getByRole("link", { name: "CSV of temperature" });
  const answer = await site.ask("GET", await csv.getAttribute("href"));
  assert.match(answer.headers["content-type"], /^text\/csv/);
  assert.equal(answer.text.trim().split("\n").length, 1 + (7 * 24 * 60) / 15 + 1);
});

test("Without JavaScript sensors are compared in a table", async () => {
  await page.goto("/compare");
  for (const sensor of harbour.sensors) await page.locator(`input[value="${sensor}"]`).check();
  await page.getByRole("button", { name: "Compare" }).click();
  assert.equal((await rows("table")).length, 2);
});

test("Without JavaScript a device can be added", async () => {
  await page.goto("/devices/new");
  await page.getByLabel("Name").fill("plain");
  await page.getByRole("button", { name: "Add device" }).click();
  assert.match(await page.locator(".secrets").innerText(), /rst_/);
});
