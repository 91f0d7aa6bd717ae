// <rs-sparkline sensor name>: the last 24 hours of one sensor, small. Requests of one page travel together.

import { history, type Series } from "../api";
import { makeSvg, perFrame } from "../dom";
import { numberText, unitText } from "../format";
import { queryOf, subscribe } from "../live";
import { historyQuery } from "../range";
import { addPoint, dropBefore, gapLimit, type Point, sparkPath, summary } from "../series";
import { Part } from "./base";

const length = 86_400_000;
const box = [120, 28] as const;
const perRequest = 24;

const asked = new Map<string, Array<(series: Series | undefined) => void>>();
let sending = 0;

function request(sensor: string): Promise<Series | undefined> {
  return new Promise((done) => {
    asked.set(sensor, [...(asked.get(sensor) ?? []), done]);
    sending ||= window.setTimeout(() => void sendAll(), 30);
  });
}

async function sendAll(): Promise<void> {
  sending = 0;
  const waiting = [...asked];
  asked.clear();
  const to = Date.now();
  for (let i = 0; i < waiting.length; i += perRequest) {
    const some = waiting.slice(i, i + perRequest);
    const query = historyQuery(some.map(([sensor]) => sensor), { from: to - length, to }, "auto", 60);
    const found = await history(query, new AbortController().signal).catch(() => ({ series: [] }));
    const bySensor = new Map<string, Series>(found.series.map((series) => [series.sensor, series]));
    for (const [sensor, waiters] of some) for (const done of waiters) done(bySensor.get(sensor));
  }
}

export class Sparkline extends Part {
  private points: Point[] = [];
  private unit = "";
  private readonly line = makeSvg("path", { class: "spark-line", "vector-effect": "non-scaling-stroke" });
  private readonly end = makeSvg("circle", { class: "spark-end", r: 2.25, hidden: true });
  private readonly redraw = perFrame(() => this.draw());

  protected start(): void {
    this.setAttribute("role", "img");
    this.setAttribute("aria-label", `${this.getAttribute("name") ?? ""}, last 24 hours`);
    this.replaceChildren(makeSvg("svg", { viewBox: "-4 -4 128 36", "aria-hidden": "true" }, this.line, this.end));
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      void this.load();
    });
    watcher.observe(this);
    this.signal.addEventListener("abort", () => watcher.disconnect());
  }

  private async load(): Promise<void> {
    const sensor = this.getAttribute("sensor") ?? "";
    const series = await request(sensor);
    if (this.signal.aborted) return;
    this.points = series?.points ?? [];
    this.unit = unitText(series?.unit);
    this.redraw();
    subscribe(queryOf(this), this.signal, {
      values: (batch) => {
        for (const { sensor: from, time, value } of batch) {
          if (from === sensor && typeof value === "number") addPoint(this.points, [Date.parse(time), value]);
        }
        this.redraw();
      },
    });
  }

  private draw(): void {
    const to = Date.now();
    const from = to - length;
    dropBefore(this.points, from);
    if (this.points.length > 2_000) this.points = this.points.filter((_, i) => i % 2 === 0);
    this.line.setAttribute("d", sparkPath(this.points, from, to, box, gapLimit(this.points, length, 0)));
    const range = summary(this.points, from, to);
    this.end.toggleAttribute("hidden", !range);
    if (!range) return;
    const tall = range.max - range.min;
    this.end.setAttribute("cx", (((range.lastTime - from) / length) * box[0]).toFixed(1));
    this.end.setAttribute("cy", (tall === 0 ? box[1] / 2 : box[1] * (1 - (range.last - range.min) / tall)).toFixed(1));
    const text = (value: number) => `${numberText(value, 4)} ${this.unit}`.trim();
    const told = `lowest ${text(range.min)}, highest ${text(range.max)}, last ${text(range.last)}`;
    this.setAttribute("aria-label", `${this.getAttribute("name") ?? ""}, last 24 hours: ${told}`);
  }
}
