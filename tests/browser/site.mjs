// A claimed tenant, reached through the real doors.

import { request } from "node:https";
import { text as read } from "node:stream/consumers";
import mqtt from "mqtt";
import { Server } from "./server.mjs";

export const password = "a horse that rides at anchor";

export class Site {
  /** Starts a server and claims its first tenant. */
  static async start() {
    const site = new Site();
    site.server = await Server.start();
    site.owner = await site.claim(site.server.claim, "acme");
    return site;
  }

  async stop() {
    await this.server.stop();
  }

  /** Claims a tenant with a link and returns its owner's token. */
  async claim(link, tenant) {
    const secret = new URL(link).hash.slice(1);
    const body = { secret, tenant, email: `owner@${tenant}.example`, password };
    return (await this.call("POST", "/api/v1/claim", body, null)).token;
  }

  /** Sends JSON and returns JSON; an error status is an error. */
  async call(method, path, body, token = this.owner) {
    const answer = await this.ask(method, path, body, token);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status}: ${answer.text}`);
    return answer.text ? JSON.parse(answer.text) : null;
  }

  /** Sends JSON and returns status, headers and text. */
  async ask(method, path, body, token = this.owner) {
    const proof = token && { authorization: `Bearer ${token}` };
    const text = body === undefined ? undefined : JSON.stringify(body);
    return this.send(method, path, { "content-type": "application/json", ...proof }, text);
  }

  /** Sends a request as it is, trusting the server's own authority and nothing else. */
  async send(method, path, headers, body) {
    const { promise, resolve, reject } = settled();
    const sent = request(this.server.origin + path, { method, headers, ca: this.server.ca }, resolve);
    sent.on("error", reject).end(body);
    const answer = await promise;
    return { status: answer.statusCode, headers: answer.headers, text: await read(answer) };
  }

  /** Makes a device with a token. */
  async device(name, more = {}) {
    const { id } = await this.call("POST", "/api/v1/devices", { name, ...more });
    const { token } = await this.call("POST", `/api/v1/devices/${id}/credentials`, { label: "test" });
    return { id, name, token };
  }

  /** Connects a device by MQTT over a secure WebSocket. */
  connect({ name, token }, options = {}) {
    const url = `wss://localhost:${this.server.https}/mqtt`;
    const all = { ca: this.server.ca, username: name, password: token, protocolVersion: 5, ...options };
    return mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 10_000, ...all }, false);
  }
}

function settled() {
  const out = {};
  out.promise = new Promise((resolve, reject) => Object.assign(out, { resolve, reject }));
  return out;
}
