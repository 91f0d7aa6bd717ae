import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, signIn, visitor, watched } from "./browser.mjs";
import { Site } from "./site.mjs";

let site, browser;
before(async () => {
  site = await Site.start();
  browser = await launch(site.server);
});
after(async () => {
  await browser?.close();
  await site?.stop();
});

async function owner() {
  const page = await watched(await visitor(browser, site.server), site.server);
  await signIn(page);
  return page;
}

test("Who is invited enters by the link, sets a password, and sees what a grant reaches", async () => {
  await site.call("POST", "/api/v1/spaces", { name: "Plant", class: "Site", parent: null });
  await site.device("inside", { place: "Plant" });
  await site.device("outside");
  const page = await owner();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Access" }).click();
  await page.getByLabel("E-mail address").fill("vera@acme.example");
  await page.getByRole("button", { name: "Invite" }).click();
  const link = await page.locator("code.secret").textContent();

  const guest = await watched(await visitor(browser, site.server), site.server);
  await guest.goto(link);
  await guest.getByRole("button", { name: "Sign in with this one-time link" }).click();
  await guest.getByRole("heading", { name: "Set a password" }).waitFor();
  await guest.getByLabel("New password", { exact: true }).fill("an anchor that holds in any wind");
  await guest.getByLabel("New password again").fill("an anchor that holds in any wind");
  await guest.getByRole("button", { name: "Set password" }).click();
  await guest.getByText("Password set.").waitFor();
  await guest.goto("/devices");
  assert.equal(await guest.getByRole("link", { name: "inside" }).count(), 0);
  assert.equal(await guest.getByRole("link", { name: "Access" }).count(), 0);

  await page.goto("/access");
  await page.getByLabel("Show the grants on").selectOption({ label: "Plant" });
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByLabel("To").fill("vera@acme.example");
  await page.getByLabel("Reason").fill("shift leader");
  await page.getByRole("button", { name: "Give grant" }).click();
  await page.getByText("Grant given.").waitFor();
  await guest.reload();
  assert.equal(await guest.getByRole("link", { name: "inside", exact: true }).count(), 1);
  assert.equal(await guest.getByRole("link", { name: "outside", exact: true }).count(), 0);

  await page.getByRole("button", { name: "End Viewer of vera@acme.example" }).click();
  await page.getByText("Grant ended.").waitFor();
  await guest.reload();
  assert.equal(await guest.getByRole("link", { name: "inside", exact: true }).count(), 0);
  assert.deepEqual([...page.faults, ...guest.faults], []);
});

test("The last owner's grant stays, and the page says why", async () => {
  const page = await owner();
  await page.goto("/access");
  await page.getByRole("button", { name: "End Owner of owner@acme.example" }).click();
  await page.getByRole("alert").getByText("last lasting owner").waitFor();
});

test("Types, places and devices are made, renamed and moved by page", async () => {
  const page = await owner();
  await page.goto("/types");
  await page.getByLabel("Name").last().fill("Pump");
  await page.getByLabel("Mode").last().selectOption("fixed");
  await page.getByLabel("Sensors", { exact: true }).fill("flow, m3/h, VolumeFlowRate");
  await page.getByRole("button", { name: "Add type" }).click();
  await page.getByText("Type added.").waitFor();
  await page.getByText("Change Pump").click();
  await page.getByLabel("Further sensors").fill("heat, Cel");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Type changed.").waitFor();
  assert.equal(await page.getByRole("rowheader", { name: "heat" }).count(), 1);

  const { id } = await site.device("pump", { type: "Pump" });
  await site.call("POST", "/api/v1/spaces", { name: "North", class: "Site", parent: null });
  await site.call("POST", "/api/v1/spaces", { name: "Hall", class: "Building", parent: "North" });
  await page.goto(`/devices/${id}`);
  await page.locator("#new-name").fill("pump-7");
  await page.locator("#new-place").selectOption({ label: "North / Hall" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "pump-7" }).waitFor();
  await page.locator("#sensor-name").fill("noise");
  await page.getByRole("button", { name: "Add sensor" }).click();
  await page.getByText("Sensor added.").waitFor();
  await page.getByLabel("Remove a sensor").selectOption({ label: "noise" });
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("Sensor removed.").waitFor();

  await page.goto("/places");
  await page.getByRole("link", { name: "Hall", exact: true }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Engine hall");
  await page.getByLabel("Part of").selectOption({ label: "Top level" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Place changed.").waitFor();
  assert.equal((await site.call("GET", `/api/v1/devices/${id}`)).place.path, "Engine hall");
  await page.getByRole("link", { name: "Engine hall" }).click();
  await page.getByRole("button", { name: "Remove Engine hall" }).click();
  await page.getByRole("alert").getByText("not empty").waitFor();
});
