// Series of points: merging, gaps, live growth and summaries. No DOM.

/** Time in milliseconds since the epoch, and a value. */
export type Point = readonly [time: number, value: number];
/** A column for the chart: a number, a break (null), or nothing at this time (undefined). */
export type Cell = number | null | undefined;

export interface Aligned {
  readonly times: number[];
  readonly columns: Cell[][];
}

/** Keeps what can be drawn: numbers, and bools as 0 and 1. Text and empty stretches are left out. */
export function readPoints(raw: ReadonlyArray<readonly [number, unknown]>): Point[] {
  const points: Point[] = [];
  for (const [time, value] of raw) {
    if (typeof value === "number" || typeof value === "boolean") points.push([time, Number(value)]);
  }
  return points;
}

/** The middle of the steps between points; 0 with fewer than two points. */
export function medianStep(points: readonly Point[]): number {
  const steps: number[] = [];
  for (let i = 1; i < points.length; i += 1) steps.push(points[i]![0] - points[i - 1]![0]);
  steps.sort((a, b) => a - b);
  return steps[steps.length >> 1] ?? 0;
}

/** How long a silence must be to be drawn as a gap. */
export function gapLimit(points: readonly Point[], span: number, resolution: number): number {
  if (resolution > 0) return resolution * 2.5;
  return Math.max(medianStep(points) * 5, span / 200, 5_000);
}

/**
 * Puts several series on one time axis. A time that one series lacks is `undefined` there (the line goes on);
 * a silence longer than that series' limit is `null` throughout (the line breaks).
 */
export function align(series: ReadonlyArray<readonly Point[]>, limits: readonly number[]): Aligned {
  const parts = series.map((points, i) => withBreaks(points, limits[i] ?? Infinity));
  const times = mergedTimes(parts);
  const columns = parts.map((part) => spread(part, times));
  return { times, columns };
}

type Marked = readonly [time: number, value: number | null];

function withBreaks(points: readonly Point[], limit: number): Marked[] {
  const marked: Marked[] = [];
  let before: Point | undefined;
  for (const point of points) {
    if (before && point[0] - before[0] > limit) marked.push([(before[0] + point[0]) / 2, null]);
    marked.push(point);
    before = point;
  }
  return marked;
}

function mergedTimes(parts: ReadonlyArray<readonly Marked[]>): number[] {
  const times = new Set<number>();
  for (const part of parts) for (const [time] of part) times.add(time);
  return Float64Array.from(times).sort() as unknown as number[];
}

// Within a gap every time of other series is a break too, or the chart would draw across it.
function spread(part: readonly Marked[], times: readonly number[]): Cell[] {
  const column: Cell[] = new Array<Cell>(times.length).fill(undefined);
  let next = 0;
  let silent = false;
  for (let i = 0; i < times.length && next < part.length; i += 1) {
    if (part[next]![0] === times[i]) {
      column[i] = part[next]![1];
      next += 1;
      silent = part[next]?.[1] === null || column[i] === null;
    } else if (silent) column[i] = null;
  }
  return column;
}

/** Adds a point where it belongs by time; a second value at the same time replaces the first. */
export function addPoint(points: Point[], point: Point): void {
  let at = points.length;
  while (at > 0 && points[at - 1]![0] > point[0]) at -= 1;
  const same = at > 0 && points[at - 1]![0] === point[0];
  if (same) points[at - 1] = point;
  else points.splice(at, 0, point);
}

/** Joins a fetched curve with what arrived live while it was being fetched. */
export function mergePoints(fetched: readonly Point[], live: readonly Point[]): Point[] {
  const joined = [...fetched];
  const last = joined.at(-1)?.[0] ?? -Infinity;
  for (const point of live) if (point[0] > last) addPoint(joined, point);
  return joined;
}

/** Drops points that left the window, but keeps the last one before it so that the line enters from the edge. */
export function dropBefore(points: Point[], time: number): void {
  let count = 0;
  while (count + 1 < points.length && points[count + 1]![0] < time) count += 1;
  if (count > 0) points.splice(0, count);
}

export interface Summary {
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastTime: number;
}

/** Lowest, highest and last value within a window. */
export function summary(points: readonly Point[], from = -Infinity, to = Infinity): Summary | undefined {
  let found: { min: number; max: number; last: number; lastTime: number } | undefined;
  for (const [time, value] of points) {
    if (time < from || time > to) continue;
    found ??= { min: value, max: value, last: value, lastTime: time };
    found.min = Math.min(found.min, value);
    found.max = Math.max(found.max, value);
    found.last = value;
    found.lastTime = time;
  }
  return found;
}

/** Whether a series only switches between 0 and 1, and is better drawn as steps. */
export function isBinary(points: readonly Point[]): boolean {
  return points.length > 0 && points.every(([, value]) => value === 0 || value === 1);
}

/** Groups items by key, in order of first appearance, `per` keys to a group. */
export function panels<T>(items: readonly T[], key: (item: T) => string, per: number): T[][] {
  const keys = [...new Set(items.map(key))];
  const groups: T[][] = [];
  for (let i = 0; i < keys.length; i += per) {
    const mine = new Set(keys.slice(i, i + per));
    groups.push(items.filter((item) => mine.has(key(item))));
  }
  return groups;
}

/** An SVG path of a curve in a box, broken at gaps. */
export function sparkPath(points: readonly Point[], from: number, to: number, box: readonly [number, number], limit: number): string {
  const seen = points.filter(([time]) => time >= from && time <= to);
  const range = summary(seen);
  if (!range) return "";
  const [width, height] = box;
  const tall = range.max - range.min;
  let path = "";
  let before = -Infinity;
  for (const [time, value] of seen) {
    const x = ((time - from) / (to - from)) * width;
    const y = tall === 0 ? height / 2 : height - ((value - range.min) / tall) * height;
    path += `${time - before > limit ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    before = time;
  }
  return path;
}
