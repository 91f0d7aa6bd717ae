// Headless Chromium that trusts one server, and pages that are watched for what they must not do.

import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { password } from "./site.mjs";

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const alone = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Starts the browser. It takes the server's own key as trusted, and no other that it does not know. */
export async function launch(server) {
  const pem = await readFile(join(server.data, "tls/server.pem"));
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(key).digest("base64");
  const trust = `--ignore-certificate-errors-spki-list=${pin}`;
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...quiet, ...alone, trust] });
}

/** Opens a browser context: a visitor of their own, with nothing in the cookie jar. */
export async function visitor(browser, server, options = {}) {
  const context = await browser.newContext({ baseURL: server.origin, ...options });
  context.setDefaultTimeout(15_000);
  return context;
}

/** Opens a page and notes in `page.faults` whatever no page may ever do. */
export async function watched(context, server) {
  const page = await context.newPage();
  page.faults = [];
  const fault = (text) => page.faults.push(`${new URL(page.url(), server.origin).pathname}: ${text}`);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) fault(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => fault(`error: ${error.stack}`));
  page.on("dialog", (dialog) => {
    fault(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== server.origin && url.protocol !== "data:") fault(`request to ${url.origin}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return page;
}

/** Signs the owner in by page. The server lets one try ten times a minute. */
export async function signIn(page, where = "/sign-in") {
  await page.goto(where);
  await page.getByLabel("E-mail address").fill("owner@acme.example");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}
