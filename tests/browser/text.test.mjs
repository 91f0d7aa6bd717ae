import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { Site } from "./site.mjs";

const payloads = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "\"><svg onload=alert(3)>",
  "</textarea></noscript><script>alert(4)</script>",
  "{{7*7}}${7*7}<%= 7*7 %>",
  "javascript:alert(5)",
];

let site, browser;
before(async () => {
  site = await Site.start();
  browser = await launch(site.server);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

test("No name takes a character that means something to a browser", async () => {
  const device = await site.device("pump");
  for (const name of payloads.filter((text) => /[<$/]/.test(text))) {
    const tries = [
      ["/api/v1/devices", { name }],
      ["/api/v1/spaces", { name, class: "Room" }],
      ["/api/v1/assets", { name }],
      ["/api/v1/types", { name, mode: "open", sensors: [] }],
    ];
    for (const [path, body] of tries) {
      assert.equal((await site.ask("POST", path, body)).status, 422, `${path} ${name}`);
    }
    const sent = await site.ask("POST", `/api/v1/devices/${device.id}/measurements`, { [name]: 1 });
    const refused = sent.status >= 400 ? 1 : JSON.parse(sent.text).refused.length;
    assert.equal(refused, 1, `sensor ${name}`);
  }
});

test("Texts that devices send show as texts on every page", async () => {
  const values = Object.fromEntries(payloads.map((text, index) => [`text-${index}`, text]));
  const { id } = await site.device("talker");
  await site.call("POST", `/api/v1/devices/${id}/measurements`, values);
  const units = payloads.map((u, index) => ({ n: `unit-${index}`, u, v: 1 }));
  await site.ask("POST", `/api/v1/devices/${id}/measurements`, units);
  for (const label of payloads) {
    await site.call("POST", "/api/v1/tokens", { label, days: 1, capabilities: ["read"] });
    await site.call("POST", `/api/v1/devices/${id}/credentials`, { label });
  }

  const context = await visitor(browser, site.server);
  const page = await watched(context, site.server);
  await signIn(page);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  for (const path of ["/", "/devices", `/devices/${id}`, "/compare", "/tokens", "/places", "/devices/new"]) {
    await page.goto(path);
    await page.waitForTimeout(700);
    if (path.endsWith(id)) await showsAsText(page, site, id);
    const alien = await page.locator("main :is(script, img, [onload], [onerror], a[href^='javascript:'])").count();
    assert.equal(alien, 0, path);
  }
  assert.deepEqual(page.faults, []);
  await context.close();
});

/** Once as the server writes it, and once as it arrives live. */
async function showsAsText(page, site, id) {
  const shown = () => page.locator("tr[data-sensor] .num").allTextContents();
  for (const text of payloads) assert.ok((await shown()).includes(text), text);
  await page.locator("rs-connection[data-link=open]").waitFor();
  const values = Object.fromEntries(payloads.map((text, index) => [`text-${index}`, `live ${text}`]));
  await site.call("POST", `/api/v1/devices/${id}/measurements`, values);
  await page.getByText(`live ${payloads[0]}`).waitFor();
  for (const text of payloads) assert.ok((await shown()).includes(`live ${text}`), text);
  const labels = await page.locator(".rows strong").allTextContents();
  for (const text of payloads) assert.ok(labels.includes(text), text);
}

test("Texts in an address show as texts", async () => {
  const context = await visitor(browser, site.server);
  const page = await watched(context, site.server);
  const text = encodeURIComponent(payloads[1]);
  for (const path of [`/sign-in?next=${text}&notice=${text}`, `/problems/${text}`, `/manual/${text}`, `/${text}`]) {
    await page.goto(path);
    assert.equal(await page.locator("main :is(script, img)").count(), 0, path);
  }
  await signIn(page);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  for (const path of [`/compare?sensor=${text}&from=${text}&to=${text}`, `/devices?place=${text}`, `/devices/${text}`]) {
    await page.goto(path);
    assert.equal(await page.locator("main :is(script, img)").count(), 0, path);
  }
  const said = page.faults.filter((fault) => !/status of 4\d\d/.test(fault));
  assert.deepEqual(said, []);
  await context.close();
});
