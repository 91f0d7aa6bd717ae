import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { Site } from "./site.mjs";

let site, browser, context, page;
before(async () => {
  site = await Site.start();
  browser = await launch(site.server);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});
beforeEach(async () => {
  context = await visitor(browser, site.server);
  page = await watched(context, site.server);
});
afterEach(() => context.close());

const here = () => page.url().slice(site.server.origin.length);

test("Signing out ends the session, also for a copy of its cookie", async () => {
  await signIn(page);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const kept = await context.cookies();
  await page.getByLabel("Your account").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  assert.deepEqual(await context.cookies(), []);
  await context.addCookies(kept);
  await page.goto("/devices");
  assert.equal(here(), "/sign-in?next=/devices");
  assert.deepEqual(page.faults, []);
});

test("A wrong password and an unknown person get the same words", async () => {
  const words = [];
  for (const email of ["owner@acme.example", "nobody@acme.example"]) {
    await page.goto("/sign-in");
    await page.getByLabel("E-mail address").fill(email);
    await page.getByLabel("Password").fill("not the right password");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    words.push(await page.getByRole("alert").innerText());
    assert.equal(await page.getByLabel("Password").inputValue(), "");
  }
  assert.deepEqual(words, Array(2).fill("E-mail address or password is not right."));
});

test("Whoever has to sign in first arrives where they wanted to go", async () => {
  const wanted = "/compare?from=2026-01-01T00%3A00%3A00Z&to=2026-01-02T00%3A00%3A00Z";
  await signIn(page, wanted);
  await page.getByRole("heading", { name: "Compare", exact: true }).waitFor();
  assert.equal(here(), wanted);
});

test("Signing in leads to no other server", async () => {
  for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"]) {
    await context.clearCookies();
    await signIn(page, `/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.equal(here(), "/", JSON.stringify(next));
  }
  assert.deepEqual(page.faults, []);
});

test("A form from another site does nothing", async () => {
  await signIn(page);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const [{ name, value }] = await context.cookies();
  const own = { "content-type": "application/x-www-form-urlencoded", cookie: `${name}=${value}` };
  const foreign = { ...own, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  const form = "name=forged&kind=&place=&parent=&days=30";
  for (const path of ["/devices/new", "/tokens", "/sign-out", "/places/spaces"]) {
    const csrf = await page.locator("meta[name=csrf-token]").getAttribute("content");
    const crossed = await site.send("POST", path, foreign, `${form}&csrf=${csrf}`);
    assert.equal(crossed.status, 403, path);
    assert.equal((await site.send("POST", path, own, form)).status, 403, `${path} without the form's proof`);
  }
  assert.deepEqual((await site.call("GET", "/api/v1/devices")).items, []);
});
