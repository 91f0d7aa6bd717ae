import assert from "node:assert/strict";
import { test } from "node:test";
import { agoText, momentText, numberText, tickTexts, timeTicks, unitText, valueText } from "../src/format";

test("units read as people write them, unknown ones stay", () => {
  assert.deepEqual(["Cel", "W/m2", "ppm", "", null, "/"].map(unitText), ["°C", "W/m²", "ppm", "", "", ""]);
});

test("numbers keep six significant digits and lose what means nothing", () => {
  const written = [21.5, 21.500001, 0, -18.25, 1234.5678, 0.000123456, 123_456.7].map((value) => numberText(value));
  assert.deepEqual(written, ["21.5", "21.5", "0", "−18.25", "1234.57", "0.000123456", "123\u202f457"]);
});

test("very small and very large numbers are written with an exponent", () => {
  assert.equal(numberText(1.5e-7), "1.500e−7");
  assert.equal(numberText(-2.5e15), "−2.500e15");
});

test("zero has no sign, and what is no number is a dash", () => {
  assert.equal(numberText(-0), "0");
  assert.equal(numberText(Number.NaN), "–");
});

test("values of every kind have a text", () => {
  assert.deepEqual([true, "open", 3, null, { a: 1 }].map(valueText), ["true", "open", "3", "–", '{"a":1}']);
  assert.equal(valueText("x".repeat(100)).length, 80);
});

test("ticks show as many decimals as their step needs", () => {
  assert.deepEqual(tickTexts([0, 0.5, 1]), ["0.0", "0.5", "1.0"]);
  assert.deepEqual(tickTexts([-0.25, 0, 0.25]), ["−0.25", "0.00", "0.25"]);
  assert.deepEqual(tickTexts([0, 5000, 10_000]), ["0", "5000", "10\u202f000"]);
  assert.deepEqual(tickTexts([5, 7.5, 10]), ["5.0", "7.5", "10.0"]);
  assert.deepEqual(tickTexts([20]), ["20"]);
});

test("time ticks name the day once and again when it changes", () => {
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
  const ticks = timeTicks([at(20, 22), at(20, 23), at(21, 0)], 3_600_000);
  assert.deepEqual(ticks, ["22:00\n20 Nov", "23:00", "00:00\n21 Nov"]);
  assert.deepEqual(timeTicks([at(20, 0), at(21, 0)], 86_400_000), ["20 Nov", "21 Nov"]);
});

test("time ticks show seconds only where they differ", () => {
  const start = new Date(2026, 10, 20, 8, 0, 30).getTime();
  assert.deepEqual(timeTicks([start], 10_000), ["08:00:30\n20 Nov"]);
});

test("a moment is told in full", () => {
  const time = new Date(2026, 0, 5, 7, 3, 9).getTime();
  assert.equal(momentText(time), "5 Jan 2026, 07:03:09");
  assert.equal(momentText(time, false), "5 Jan 2026, 07:03");
});

test("distances in time use the largest fitting unit, both ways", () => {
  const now = 1_000_000_000_000;
  const told = [2_000, 42_000, 90_000, 7_200_000, 3 * 86_400_000, -86_400_000].map((ago) => agoText(now - ago, now));
  assert.deepEqual(told, ["just now", "42 s ago", "1 min ago", "2 h ago", "3 d ago", "in 1 d"]);
});
