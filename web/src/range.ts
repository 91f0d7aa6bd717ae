// Ranges and resolutions of a chart.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A window on the time axis, in milliseconds since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Length of a named range; undefined for "all". */
export function rangeLength(name: string): number | undefined {
  const lengths: Readonly<Record<string, number>> = {
    "15m": 15 * minute,
    "1h": hour,
    "24h": day,
    "7d": 7 * day,
    "30d": 30 * day,
  };
  return lengths[name];
}

/** The short range that holds something of this age; undefined when none does. */
export function fittingRange(age: number): string | undefined {
  return ["15m", "1h"].find((name) => age < (rangeLength(name) ?? 0));
}

/** Milliseconds of an ISO 8601 duration of one part ("PT15M", "P1D"); 0 for anything else. */
export function durationLength(text: string): number {
  const found = /^P(?:(\d+)D|T(\d+)([HMS]))$/.exec(text);
  if (!found) return 0;
  if (found[1]) return Number(found[1]) * day;
  const unit = found[3] === "H" ? hour : found[3] === "M" ? minute : second;
  return Number(found[2]) * unit;
}

/** Zooms a window around its middle by a factor, never below one second. */
export function zoomed(window: Window, factor: number): Window {
  const middle = (window.from + window.to) / 2;
  const half = Math.max(500, ((window.to - window.from) * factor) / 2);
  return { from: middle - half, to: middle + half };
}

/** Moves a window by a share of its length. */
export function moved(window: Window, share: number): Window {
  const by = (window.to - window.from) * share;
  return { from: window.from + by, to: window.to + by };
}

/** The query of a history request. */
export function historyQuery(sensors: readonly string[], window: Window, resolution: string, points: number): URLSearchParams {
  const query = new URLSearchParams(sensors.map((id) => ["sensor", id]));
  query.set("from", new Date(window.from).toISOString());
  query.set("to", new Date(window.to).toISOString());
  if (resolution === "auto") query.set("points", String(points));
  else if (resolution !== "raw") {
    query.set("resolution", resolution);
    query.set("aggregate", "mean");
  }
  return query;
}
