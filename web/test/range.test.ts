import assert from "node:assert/strict";
import { test } from "node:test";
import { durationLength, fittingRange, historyQuery, moved, rangeLength, zoomed } from "../src/range";

test("named ranges have a length, all has none", () => {
  assert.equal(rangeLength("15m"), 900_000);
  assert.equal(rangeLength("30d"), 2_592_000_000);
  assert.equal(rangeLength("all"), undefined);
});

test("durations of one part are read, words are not", () => {
  assert.deepEqual(["PT30S", "PT15M", "PT1H", "P1D", "auto", "P1M"].map(durationLength), [30_000, 900_000, 3_600_000, 86_400_000, 0, 0]);
});

test("what has only just begun gets a short range, everything else keeps the usual one", () => {
  assert.deepEqual([0, 899_999, 900_000, 3_599_999, 3_600_000, Infinity].map(fittingRange), ["15m", "15m", "1h", "1h", undefined, undefined]);
});

test("zooming keeps the middle and stops at a second", () => {
  assert.deepEqual(zoomed({ from: 0, to: 8_000 }, 0.5), { from: 2_000, to: 6_000 });
  assert.deepEqual(zoomed({ from: 0, to: 1_000 }, 0.5), { from: 0, to: 1_000 });
});

test("moving keeps the length", () => {
  assert.deepEqual(moved({ from: 0, to: 100 }, -0.25), { from: -25, to: 75 });
});

test("a history query asks for points, raw values or means", () => {
  const window = { from: 0, to: 60_000 };
  const span = "from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-01T00%3A01%3A00.000Z";
  assert.equal(historyQuery(["a", "b"], window, "auto", 800).toString(), `sensor=a&sensor=b&${span}&points=800`);
  assert.equal(historyQuery(["a"], window, "raw", 800).toString(), `sensor=a&${span}`);
  assert.equal(historyQuery(["a"], window, "PT1M", 800).toString(), `sensor=a&${span}&resolution=PT1M&aggregate=mean`);
});
