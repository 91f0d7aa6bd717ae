import assert from "node:assert/strict";
import { test } from "node:test";
import { addPoint, align, dropBefore, gapLimit, isBinary, medianStep, mergePoints, panels, type Point, readPoints, sparkPath, summary } from "../src/series";

test("series at different times share one axis without breaking each other", () => {
  const { times, columns } = align([[[0, 1], [20, 2]], [[10, 5]]], [100, 100]);
  assert.deepEqual([...times], [0, 10, 20]);
  assert.deepEqual(columns, [[1, undefined, 2], [undefined, 5, undefined]]);
});

test("a silence longer than the limit becomes a break", () => {
  const { times, columns } = align([[[0, 1], [10, 2], [50, 3]]], [15]);
  assert.deepEqual([...times], [0, 10, 30, 50]);
  assert.deepEqual(columns, [[1, 2, null, 3]]);
});

test("a break spans every time that other series have within it", () => {
  const other: Point[] = [[0, 9], [20, 9], [40, 9], [60, 9]];
  const { times, columns } = align([[[0, 1], [60, 2]], other], [30, 100]);
  assert.deepEqual([...times], [0, 20, 30, 40, 60]);
  assert.deepEqual(columns[0], [1, null, null, null, 2]);
  assert.deepEqual(columns[1], [9, 9, undefined, 9, 9]);
});

test("nothing before the first and after the last point is a break", () => {
  const { columns } = align([[[20, 1], [30, 2]], [[0, 0], [50, 0]]], [15, 100]);
  assert.deepEqual(columns[0], [undefined, 1, 2, undefined]);
});

test("a late point goes where it belongs, and the same time is replaced", () => {
  const points: Point[] = [[10, 1], [30, 3]];
  addPoint(points, [20, 2]);
  addPoint(points, [40, 4]);
  addPoint(points, [30, 33]);
  assert.deepEqual(points, [[10, 1], [20, 2], [30, 33], [40, 4]]);
});

test("what arrived live during a fetch is added once", () => {
  assert.deepEqual(mergePoints([[1, 1], [2, 2]], [[2, 2], [3, 3]]), [[1, 1], [2, 2], [3, 3]]);
});

test("the last point before the window stays, so that the line enters from the edge", () => {
  const points: Point[] = [[1, 1], [2, 2], [3, 3], [4, 4]];
  dropBefore(points, 3.5);
  assert.deepEqual(points, [[3, 3], [4, 4]]);
  dropBefore(points, 100);
  assert.deepEqual(points, [[4, 4]]);
});

test("the gap limit follows the data, the window and the resolution", () => {
  const hourly: Point[] = [[0, 0], [3_600_000, 0], [7_200_000, 0]];
  assert.equal(medianStep(hourly), 3_600_000);
  assert.equal(gapLimit(hourly, 86_400_000, 0), 18_000_000);
  assert.equal(gapLimit([[0, 0]], 86_400_000, 0), 432_000);
  assert.equal(gapLimit(hourly, 86_400_000, 60_000), 150_000);
});

test("a summary looks only at the window", () => {
  const points: Point[] = [[1, 100], [2, 5], [3, 7], [9, -100]];
  assert.deepEqual(summary(points, 2, 4), { min: 5, max: 7, last: 7, lastTime: 3 });
  assert.equal(summary(points, 5, 6), undefined);
});

test("only zeros and ones are binary", () => {
  assert.equal(isBinary([[1, 0], [2, 1]]), true);
  assert.equal(isBinary([[1, 0], [2, 0.5]]), false);
  assert.equal(isBinary([]), false);
});

test("panels hold as many units as asked, in order of appearance", () => {
  const unit = (item: { unit: string }) => item.unit;
  const items = ["C", "W", "C", "%"].map((text) => ({ unit: text }));
  assert.deepEqual(panels(items, unit, 1).map((group) => group.length), [2, 1, 1]);
  assert.deepEqual(panels(items, unit, 2).map((group) => group.map(unit)), [["C", "W", "C"], ["%"]]);
});

test("a small curve is scaled to its box and broken at gaps", () => {
  assert.equal(sparkPath([[0, 0], [50, 10], [100, 5]], 0, 100, [200, 20], 60), "M0.0 20.0L100.0 0.0L200.0 10.0");
  assert.equal(sparkPath([[0, 1], [100, 1]], 0, 100, [10, 4], 60), "M0.0 2.0M10.0 2.0");
  assert.equal(sparkPath([], 0, 1, [1, 1], 1), "");
});

test("bools are drawn as zero and one, text and nothing are not drawn", () => {
  assert.deepEqual(readPoints([[1, 2.5], [2, true], [3, "open"], [4, null], [5, false]]), [[1, 2.5], [2, 1], [5, 0]]);
});
