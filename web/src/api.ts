// Talks to the REST API of the server that sent the page.

import { type Point, readPoints } from "./series";

export interface Series {
  readonly sensor: string;
  readonly name: string;
  readonly unit: string | null;
  readonly points: Point[];
}

interface RawSeries {
  readonly sensor: string;
  readonly name: string;
  readonly unit: string | null;
  readonly points: ReadonlyArray<readonly [number, unknown]>;
}

/** A refusal in the words of the server (RFC 9457). */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** The CSRF token of this session, from the page's head. */
export function csrf(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** Sends a request as the person signed in; anything that changes carries the CSRF token. */
export function send(target: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const method = init.method ?? "GET";
  if (method !== "GET" && method !== "HEAD") headers.set("X-CSRF-Token", csrf());
  return fetch(target, { ...init, method, headers, credentials: "same-origin" });
}

async function json(target: string, signal?: AbortSignal): Promise<unknown> {
  const response = await send(target, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) });
  if (!response.ok) throw new Refusal(response.status, await refusalText(response));
  return response.json();
}

async function refusalText(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { title?: string; detail?: string };
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return response.statusText || `The server answered ${response.status}`;
  }
}

/** Reads any JSON document of the server. */
export function readJson<T>(target: string): Promise<T> {
  return json(target) as Promise<T>;
}

/** How many pages of raw values one chart may load, and how many values a page has. */
const pageLimit = 10;
const pageRows = 10_000;

/** Reads curves; follows pages of raw values up to a limit and says whether something is missing. */
export async function history(query: URLSearchParams, signal: AbortSignal): Promise<{ series: Series[]; truncated: boolean }> {
  const found = new Map<string, Series>();
  const asked = new URLSearchParams(query);
  if (!asked.has("points") && !asked.has("resolution")) asked.set("limit", String(pageRows));
  let next: string | null = null;
  for (let page = 0; page < pageLimit; page += 1) {
    if (next) asked.set("cursor", next);
    const body = (await json(`/api/v1/measurements?${asked}`, signal)) as { series: RawSeries[]; next?: string | null };
    for (const { sensor, name, unit, points } of body.series) {
      const series = found.get(sensor) ?? { sensor, name, unit, points: [] };
      found.set(sensor, series);
      for (const point of readPoints(points)) series.points.push(point);
    }
    next = body.next ?? null;
    if (!next) break;
  }
  return { series: [...found.values()], truncated: next !== null };
}

export interface Latest {
  readonly sensor: string;
  readonly name: string;
  readonly value: unknown;
  readonly unit?: string | null;
  readonly time: string;
}

/** The newest value of each sensor of a device. */
export async function latest(device: string): Promise<Latest[]> {
  const body = await json(`/api/v1/latest?device=${encodeURIComponent(device)}`);
  if (Array.isArray(body)) return body as Latest[];
  const lists = Object.values(body as Record<string, unknown>).filter(Array.isArray);
  return (lists[0] ?? []) as Latest[];
}

/** Saves measurements as a CSV file. */
export async function saveCsv(query: URLSearchParams, name: string): Promise<void> {
  const response = await send(`/api/v1/measurements?${query}`, { headers: { Accept: "text/csv" } });
  if (!response.ok) throw new Refusal(response.status, await refusalText(response));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
