// The real binary in a folder of its own, on free ports of the loopback interface.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { promisify } from "node:util";

const patience = 60_000;
const run = promisify(execFile);

/** A port that is free right now. */
async function freePort() {
  const listener = createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}

/** The server's binary. `make test` says where it is. */
function binary() {
  const named = process.env.ROADSTEAD_BINARY;
  if (!named) throw new Error("set ROADSTEAD_BINARY to the server's binary");
  return named;
}

export class Server {
  /** Starts a fresh server and waits until it is ready. */
  static async start() {
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), "roadstead-browser-"));
    [server.https, server.mqtt, server.http] = [await freePort(), await freePort(), await freePort()];
    const door = (name, port) => `[door.${name}]\nlisten = ["127.0.0.1:${port}"]\n`;
    const config = door("https", server.https) + door("mqtt", server.mqtt) + door("http", server.http);
    await writeFile(join(server.folder, "roadstead.toml"), config);
    try {
      await server.#launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get data() {
    return join(this.folder, "data");
  }

  get origin() {
    return `https://localhost:${this.https}`;
  }

  /** Ends the server by its own process id, and leaves nothing behind. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      await once(this.child, "exit");
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the binary and returns what it printed. */
  async command(...words) {
    const env = { ...process.env, HOME: this.folder, XDG_CONFIG_HOME: join(this.folder, "config") };
    return (await run(binary(), words, { env })).stdout;
  }

  async #launch() {
    const words = ["serve", "--config", join(this.folder, "roadstead.toml"), "--data", this.data];
    if (process.getuid?.() === 0) words.push("--as-root-for-testing");
    const log = openSync(join(this.folder, "server.log"), "a");
    this.child = spawn(binary(), words, { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    createInterface(this.child.stdout).on("line", (line) => {
      this.claim ??= line.match(/https:\S+\/claim#\S+/)?.[0];
    });
    const giveUp = Date.now() + patience;
    while (!(this.claim && (await this.#answers()))) {
      if (this.child.exitCode !== null || Date.now() > giveUp) {
        throw new Error(`the server did not start: ${await readFile(join(this.folder, "server.log"), "utf8")}`);
      }
      await new Promise((resume) => setTimeout(resume, 20));
    }
    this.ca = await readFile(join(this.data, "tls/ca.pem"), "utf8");
  }

  async #answers() {
    const socket = connect({ host: "127.0.0.1", port: this.https, rejectUnauthorized: false });
    try {
      await once(socket, "secureConnect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}
