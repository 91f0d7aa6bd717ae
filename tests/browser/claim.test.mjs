import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, visitor, watched } from "./browser.mjs";
import { Server } from "./server.mjs";
import { password } from "./site.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await launch(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function fill(page, again = password) {
  await page.getByLabel("Organisation").fill("acme");
  await page.getByLabel("Your e-mail address").fill("owner@acme.example");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(again);
  await page.getByRole("button", { name: /^Claim/ }).click();
}

test("Whoever opens the printed link and fills in its form arrives signed in on the overview", async () => {
  const context = await visitor(browser, server);
  const page = await watched(context, server);
  await page.goto(server.claim);
  await page.waitForURL(`${server.origin}/claim`);
  assert.equal(await page.getByLabel("Claim link").isVisible(), false, "the link need not be typed");

  await fill(page, "another horse at anchor");
  await page.getByText("The two passwords differ.").waitFor();
  assert.equal(await page.getByLabel("Organisation").inputValue(), "acme", "what was typed stays");
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "", "but no password");
  // The browser reports the refusal's own status as an error; it is the only one.
  assert.equal(page.faults.splice(0).length, 1);

  await fill(page);
  await page.waitForURL(`${server.origin}/`);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.equal(await page.locator(".tenant").textContent(), "acme");
  const [cookie] = await context.cookies();
  const { name, httpOnly, secure, sameSite } = cookie;
  assert.deepEqual({ name, httpOnly, secure }, { name: "__Host-roadstead", httpOnly: true, secure: true });
  assert.notEqual(sameSite, "None");
  assert.deepEqual(page.faults, []);
  await context.close();
});

test("A claim link that was used says so, and what to do", async () => {
  const context = await visitor(browser, server);
  const page = await context.newPage();
  await page.goto(server.claim);
  await fill(page);
  await page.getByRole("heading", { name: "This link no longer works" }).waitFor();
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});
