import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { furnish } from "./harbour.mjs";
import { Site } from "./site.mjs";

const chapters = (await readdir(new URL("../../docs/manual", import.meta.url))).filter((name) => /^\d/.test(name));
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.ROADSTEAD_SCREENSHOTS;
const modes = ["light", "dark"].flatMap((scheme) => [1440, 390].map((width) => ({ scheme, width })));

/** Where to go for each page of the table of ways in: addresses by route, or why it is no page. */
function addresses({ climate, inverter, silent, sensors, place }) {
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
    "/places/{place}": [`/places/${place}`],
    "/types": ["/types"],
    "/access": ["/access", `/access?on=${place}`, `/access?on=${climate.id}`],
    "/account": ["/account"],
    "/api": ["/api"],
    "/tokens": ["/tokens"],
    "/manual": ["/manual"],
    "/manual/{chapter}": chapters.map((name) => `/manual/${name.replace(/\.md$/, "")}`),
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

/** What is wrong with a page as it stands in the browser. */
async function inspect(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(800);
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const found = await page.evaluate(`(async () => { ${axe}; return (await axe.run()).violations; })()`);
  const kept = await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)].flat());
  return [
    ...(wider > 0 ? [`${wider} px too wide`] : []),
    ...found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`),
    ...kept.filter((key) => key !== "theme").map((key) => `the browser keeps ${key}`),
    ...page.faults.splice(0),
  ].map((text) => `${name}: ${text}`);
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
    const wrong = [];
    for (const address of Object.values(routes).flat()) {
      const answer = await page.goto(address);
      assert.equal(answer?.status() ?? 200, 200, address);
      wrong.push(...(await inspect(page, `${named(address)}-${suffix}`)));
    }
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test(`What follows a form is accessible, quiet and fits: ${mode.scheme}, ${mode.width} px`, async () => {
    const page = await opened(mode);
    const wrong = [];
    const look = async (name) => wrong.push(...(await inspect(page, `${name}-${suffix}`)));
    await page.goto("/devices/new");
    await page.getByLabel("Name").fill(`made-${suffix}`);
    await page.getByRole("button", { name: "Add device" }).click();
    await page.getByRole("heading", { name: /is ready$/ }).waitFor();
    await look("device_created");
    await page.goto("/tokens");
    await page.getByLabel("Name").fill(`token-${suffix}`);
    await page.getByRole("button", { name: "Create token" }).click();
    await page.locator("code.secret").waitFor();
    await look("token_created");
    const refused = [["/devices/new", "Name", "a/b", "Add device"], ["/places", "Name", "a/b", "Add space"]];
    for (const [path, label, value, button] of refused) {
      await page.goto(path);
      await page.getByLabel(label).first().fill(value);
      await page.getByRole("button", { name: button }).click();
      await page.locator(".field-error").waitFor();
      page.faults = page.faults.filter((fault) => !/status of 422/.test(fault));
      await look(`${named(path)}-refused`);
    }
    await page.goto("/devices/dev_nothing");
    page.faults = page.faults.filter((fault) => !/status of 404/.test(fault));
    await look("missing");
    assert.deepEqual(wrong, []);
    await page.context().close();
  });
}
