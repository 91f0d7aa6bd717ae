import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { furnish } from "./harbour.mjs";
import { Site } from "./site.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.ROADSTEAD_SCREENSHOTS;
const modes = ["light", "dark"].flatMap((scheme) => [1440, 390].map((width) => ({ scheme, width })));

/** Where to go for each page of the table of ways in: addresses by route, or why it is no page. */
function addresses({ climate, inverter, silent, sensors }) {
  const chosen = sensors.map((sensor) => `sensor=${sensor}`).join("&");
  return {
    "/claim": ["/claim"],
    "/sign-in": ["/sign-in", "/sign-in#rsl_a-secret-of-a-link"],
    "/": ["/"],
    "/devices": ["/devices"],
    "/devices/new": ["/devices/new"],
    "/devices/{device}": [climate, inverter, silent].map(({ id }) => `/devices/${id}`),
    "/compare": ["/compare", `/compare?${chosen}`],
    "/places": ["/places"],
    "/api": ["/api"],
    "/tokens": ["/tokens"],
    "/manual": ["/manual"],
    "/manual/{chapter}": ["/manual/03-mqtt", "/manual/07-configuration"],
    "/problems/{kind}": ["/problems/not-found", "/problems/too-large"],
  };
}
const noPages = /^(\/api\/|\/mqtt$|\/ca\.pem$|\/assets\/|\/favicon|\/robots|\/\.well-known)/;

let site, browser, routes, storageState;
before(async () => {
  site = await Site.start();
  routes = addresses(await furnish(site));
  browser = await launch(site.server);
  const context = await visitor(browser, site.server);
  await signIn(await context.newPage());
  storageState = await context.storageState();
  await context.close();
  if (shots) await mkdir(shots, { recursive: true });
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

async function opened({ scheme, width }) {
  const viewport = { width, height: width < 500 ? 844 : 900 };
  const options = { viewport, colorScheme: scheme, hasTouch: width < 500, storageState };
  return watched(await visitor(browser, site.server, options), site.server);
}

/** Everything that must hold for a page as it stands in the browser. */
async function inspect(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(800);
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} px too wide`);
  const found = await page.evaluate(`(async () => { ${axe}; return (await axe.run()).violations; })()`);
  const told = found.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map((node) => node.target).join(", ")}`);
  assert.deepEqual(told, []);
  const kept = await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)].flat());
  assert.deepEqual(kept.filter((key) => key !== "theme"), [], "what the browser keeps");
  assert.deepEqual(page.faults.splice(0), [], name);
}

const named = (address) => address.replace(/\?.*/, "-chosen").replace(/[^\w-]+/g, "_").replace(/^_|_$/g, "") || "overview";

test("Every page of the table of ways in is looked at", async () => {
  const table = await readFile(new URL("../../docs/ways-in.md", import.meta.url), "utf8");
  const paths = [...table.matchAll(/^\| GET \| `([^`]+)`/gm)].map(([, path]) => path);
  const pages = paths.filter((path) => !noPages.test(path) && path !== "/api/openapi.json");
  assert.deepEqual(pages.sort(), Object.keys(routes).sort());
});

for (const mode of modes) {
  const suffix = `${mode.scheme}-${mode.width}`;

  test(`Every page is accessible, quiet and fits: ${mode.scheme}, ${mode.width} px`, async () => {
    const page = await opened(mode);
    for (const address of Object.values(routes).flat()) {
      const answer = await page.goto(address);
      assert.equal(answer?.status() ?? 200, 200, address);
      await inspect(page, `${named(address)}-${suffix}`);
    }
    await page.context().close();
  });

  test(`What follows a form is accessible, quiet and fits: ${mode.scheme}, ${mode.width} px`, async () => {
    const page = await opened(mode);
    await page.goto("/devices/new");
    await page.getByLabel("Name").fill(`made-${suffix}`);
    await page.getByRole("button", { name: "Add device" }).click();
    await page.getByRole("heading", { name: /is ready$/ }).waitFor();
    await inspect(page, `device_created-${suffix}`);
    await page.goto("/tokens");
    await page.getByLabel("Name").fill(`token-${suffix}`);
    await page.getByRole("button", { name: "Create token" }).click();
    await page.locator("code.secret").waitFor();
    await inspect(page, `token_created-${suffix}`);
    const refused = [["/devices/new", "Name", "a/b", "Add device"], ["/places", "Name", "a/b", "Add space"]];
    for (const [path, label, value, button] of refused) {
      await page.goto(path);
      await page.getByLabel(label).first().fill(value);
      await page.getByRole("button", { name: button }).click();
      await page.locator(".field-error").waitFor();
      page.faults = page.faults.filter((fault) => !/status of 422/.test(fault));
      await inspect(page, `${named(path)}-refused-${suffix}`);
    }
    await page.goto("/devices/dev_nothing");
    page.faults = page.faults.filter((fault) => !/status of 404/.test(fault));
    await inspect(page, `missing-${suffix}`);
    await page.context().close();
  });
}
