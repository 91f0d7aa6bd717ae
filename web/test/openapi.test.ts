import assert from "node:assert/strict";
import { test } from "node:test";
import { address, curlText, type Document, fields, operations, resolve, sample } from "../src/openapi";

const document: Document = {
  openapi: "3.1.0",
  paths: {
    "/devices/{device}": {
      parameters: [{ name: "device", in: "path", required: true, schema: { type: "string" } }],
      get: { tags: ["devices"], summary: "Shows a device", parameters: [{ name: "sensor", in: "query", schema: { type: "array" } }] },
      put: { requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } } } },
    },
  },
  ...{
    components: {
      schemas: {
        Node: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string", example: "pump" },
            size: { type: ["null", "integer"], minimum: 2 },
            kind: { enum: ["a", "b"] },
            next: { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/Node" }] },
          },
        },
      },
    },
  },
};

test("operations carry the parameters of their path", () => {
  const [show, change] = operations(document);
  assert.deepEqual(show?.parameters.map(({ name }) => name), ["device", "sensor"]);
  assert.equal(show?.tag, "devices");
  assert.equal(change?.tag, "Other");
  assert.match(change?.bodies[0]?.example ?? "", /"name": "pump"/);
});

test("an example of a circular schema ends", () => {
  const value = sample(document, { $ref: "#/components/schemas/Node" }) as { name: string; size: number; kind: string };
  assert.deepEqual([value.name, value.size, value.kind], ["pump", 2, "a"]);
});

test("a reference that leads nowhere stays as it is", () => {
  assert.deepEqual(resolve(document, { $ref: "#/nowhere/at/all" }), { $ref: "#/nowhere/at/all" });
});

test("fields are told with type, choice and need", () => {
  const told = fields(document, { $ref: "#/components/schemas/Node" }).map(({ name, type, required }) => [name, type, required]);
  assert.deepEqual(told, [["name", "string", true], ["size", "integer", false], ["kind", "any (a | b)", false], ["next", "one of", false]]);
});

test("an address is filled in and escaped, lists are repeated", () => {
  const [show] = operations(document);
  assert.ok(show);
  assert.equal(address(show, { "path device": "a/b", "query sensor": "x, y" }), "/devices/a%2Fb?sensor=x&sensor=y");
  assert.equal(address(show, { "path device": "a" }), "/devices/a");
});

test("a curl command survives quotes", () => {
  const text = curlText("https://host", "POST", "/x", "application/json", `{"a":"it's"}`);
  assert.ok(text.includes(`--data '{"a":"it'\\''s"}'`));
});
