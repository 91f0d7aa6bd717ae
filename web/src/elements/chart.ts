// <rs-chart>: curves of several sensors, one panel per unit (or two units to a panel), live.
//
// Attributes: `axes` units per panel; `device` the stream to follow; `chooser` id of the form with the
// checkboxes, when they are not inside; `from` and `to` a window to begin with.

import { history, Refusal, saveCsv } from "../api";
import { listen, make, part, perFrame } from "../dom";
import { unitText } from "../format";
import { type Measurement, subscribe } from "../live";
import { durationLength, fittingRange, historyQuery, moved, rangeLength, type Window, zoomed } from "../range";
import { addPoint, dropBefore, mergePoints, panels, type Point } from "../series";
import { Part } from "./base";
import { colourCount, readPalette } from "./palette";
import { Plot, type Sensor } from "./plot";
import { onTheme } from "./theme";

/** Points asked for in one curve, and live points after which the curve is fetched anew. */
const pointsAsked = 800;
const liveLimit = 2_000;

let charts = 0;

export class Chart extends Part {
  private sensors: Sensor[] = [];
  private readonly points = new Map<string, Point[]>();
  private readonly early = new Map<string, Point[]>();
  private readonly slots = new Map<string, number>();
  private plots: Array<{ plot: Plot; sensors: readonly Sensor[] }> = [];
  private signature = "";
  private range = "24h";
  private rangeFits = false;
  private zoom: Window | undefined;
  private first: number | undefined;
  private loading: AbortController | undefined;
  private added = 0;
  private following: AbortController | undefined;
  private readonly status = make("p", { class: "plot-status", role: "status" });
  private readonly syncKey = `chart ${(charts += 1)}`;
  private readonly redraw = perFrame(() => this.draw());
  private drawn = 0;
  private failed = false;
  private fetched = 0;

  protected start(): void {
    this.zoom = this.givenWindow();
    this.listen();
    const resized = new ResizeObserver(perFrame(() => this.plots.forEach(({ plot }) => plot.resize())));
    resized.observe(this);
    this.signal.addEventListener("abort", () => this.stop(resized));
    onTheme(this.signal, () => this.rebuild());
    const timer = window.setInterval(() => this.tick(), 1_000);
    this.signal.addEventListener("abort", () => clearInterval(timer));
    this.plotsHolder?.before(this.status);
    this.chosen();
  }

  /** The window that was zoomed to, if any. */
  get fixed(): Window | undefined {
    return this.zoom;
  }

  /** Which colour each chosen sensor has. */
  get colours(): ReadonlyMap<string, number> {
    return this.slots;
  }

  private stop(resized: ResizeObserver): void {
    resized.disconnect();
    this.loading?.abort();
    this.following?.abort();
    for (const { plot } of this.plots) plot.destroy();
    this.plots = [];
    this.signature = "";
  }

  private get plotsHolder(): HTMLElement | null {
    return part(this, "plots");
  }

  private get chooser(): HTMLElement {
    return document.getElementById(this.getAttribute("chooser") ?? "") ?? this;
  }

  private get resolution(): string {
    return part<HTMLSelectElement>(this, "resolution")?.value ?? "auto";
  }

  private get live(): boolean {
    return part<HTMLInputElement>(this, "live")?.checked ?? false;
  }

  private get shown(): Window {
    if (this.zoom) return this.zoom;
    const now = Date.now();
    const length = rangeLength(this.range);
    return { from: length ? now - length : (this.first ?? 0), to: now };
  }

  private givenWindow(): Window | undefined {
    const [from, to] = ["from", "to"].map((name) => Date.parse(this.getAttribute(name) ?? ""));
    return from !== undefined && to !== undefined && from < to ? { from, to } : undefined;
  }

  private listen(): void {
    listen(this.chooser, "change", this.signal, (event: Event) => {
      if ((event.target as HTMLInputElement).name === "sensor") this.chosen();
    });
    listen(this, "change", this.signal, (event: Event) => this.changed(event.target as HTMLInputElement));
    const reset = part(this, "reset");
    if (reset) listen(reset, "click", this.signal, () => this.look(undefined));
    const csv = part(this, "csv");
    if (csv) listen(csv, "click", this.signal, (event: Event) => void this.save(event));
  }

  private changed(input: HTMLInputElement): void {
    if (input.name === "range") {
      this.range = input.value;
      this.rangeFits = true;
      this.first = undefined;
      this.look(undefined);
    } else if (input.dataset["role"] === "resolution") void this.load();
    else if (input.dataset["role"] === "live") {
      this.follow();
      if (this.live) void this.load();
    }
  }

  private chosen(): void {
    const inputs = [...this.chooser.querySelectorAll<HTMLInputElement>('input[name="sensor"]')];
    const checked = inputs.filter((input) => input.checked);
    const ids = new Set(checked.map((input) => input.value));
    for (const id of this.slots.keys()) if (!ids.has(id)) this.slots.delete(id);
    this.sensors = checked.map((input) => ({
      id: input.value,
      name: [input.dataset["owner"], input.dataset["name"]].filter(Boolean).join(" · "),
      unit: unitText(input.dataset["unit"]),
      colour: this.colourOf(input.value),
    }));
    for (const input of inputs) paint(input, this.slots.get(input.value));
    this.follow();
    void this.load();
    this.dispatchEvent(new CustomEvent("rs-view", { bubbles: true }));
  }

  private colourOf(id: string): number {
    const taken = new Set(this.slots.values());
    const free = Array.from({ length: colourCount }, (_, i) => i).find((i) => !taken.has(i));
    const slot = this.slots.get(id) ?? free ?? this.slots.size % colourCount;
    this.slots.set(id, slot);
    return slot;
  }

  private look(window: Window | undefined): void {
    this.zoom = window;
    const reset = part(this, "reset");
    if (reset) reset.hidden = !window;
    this.redraw();
    void this.load();
    this.dispatchEvent(new CustomEvent("rs-view", { bubbles: true }));
  }

  private async load(): Promise<void> {
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    this.early.clear();
    if (this.sensors.length === 0) {
      this.points.clear();
      this.rebuild();
      this.say("Choose at least one sensor.");
      return;
    }
    this.say(this.points.size === 0 ? "Loading…" : "");
    try {
      await this.fetch(loading.signal);
    } catch (error) {
      if (loading.signal.aborted) return;
      this.failed = !(error instanceof Refusal);
      this.say(error instanceof Refusal ? error.message : "The server cannot be reached. The curve comes back with it.");
    } finally {
      if (this.loading === loading) this.loading = undefined;
    }
  }

  private async fetch(signal: AbortSignal): Promise<void> {
    const query = (window: Window) => historyQuery(this.sensors.map(({ id }) => id), window, this.resolution, pointsAsked);
    let window = this.shown;
    let answer = await history(query(window), signal);
    const first = Math.min(...answer.series.map(({ points }) => points[0]?.[0] ?? Infinity));
    if (this.fit(first)) {
      window = this.shown;
      answer = await history(query(window), signal);
    }
    if (signal.aborted) return;
    this.points.clear();
    for (const { sensor, points } of answer.series) {
      this.points.set(sensor, mergePoints(points, this.early.get(sensor) ?? []));
    }
    this.early.clear();
    this.added = 0;
    this.failed = false;
    this.fetched = Date.now();
    const empty = answer.series.every(({ points }) => points.length === 0);
    this.say(empty ? "No values in this range." : answer.truncated ? "Not everything fits: choose a shorter range or a coarser resolution." : "");
    this.redraw();
  }

  // Whether the range now shown is another than the one asked for. "All" begins with the first value, and a
  // device that has only just begun would otherwise show as a line at the edge of a day.
  private fit(first: number): boolean {
    if (this.zoom || !Number.isFinite(first)) return false;
    if (this.range === "all") {
      const known = this.first !== undefined;
      this.first ??= first;
      return !known;
    }
    const range = this.rangeFits ? undefined : fittingRange(Date.now() - first);
    this.rangeFits = true;
    const input = range && this.querySelector<HTMLInputElement>(`input[name="range"][value="${range}"]`);
    if (!input) return false;
    input.checked = true;
    this.range = range;
    return true;
  }

  private follow(): void {
    this.following?.abort();
    if (!this.live || this.sensors.length === 0) return;
    this.following = new AbortController();
    const device = this.getAttribute("device");
    const query = device
      ? `device=${encodeURIComponent(device)}`
      : this.sensors.map(({ id }) => `sensor=${encodeURIComponent(id)}`).join("&");
    subscribe(query, this.following.signal, {
      values: (batch) => this.take(batch),
      gap: () => void this.load(),
      link: (state) => {
        if (state === "open" && this.failed) void this.load();
      },
    });
  }

  private take(batch: readonly Measurement[]): void {
    if (this.zoom) return;
    const wanted = new Set(this.sensors.map(({ id }) => id));
    const averaged = durationLength(this.resolution) > 0;
    for (const { sensor, time, value } of batch) {
      if (!wanted.has(sensor) || (typeof value !== "number" && typeof value !== "boolean")) continue;
      const point: Point = [Date.parse(time), Number(value)];
      this.added += 1;
      if (averaged) continue;
      addPoint(listOf(this.points, sensor), point);
      if (this.loading) addPoint(listOf(this.early, sensor), point);
    }
    if (!averaged) this.redraw();
  }

  // Moves the window on, and fetches anew when live points have piled up or averages have moved.
  private tick(): void {
    if (document.hidden || this.zoom || !this.live || this.loading || this.sensors.length === 0) return;
    const { from, to } = this.shown;
    const age = Date.now() - this.fetched;
    const averaged = durationLength(this.resolution) > 0;
    const due = averaged ? this.added > 0 && age > 10_000 : this.added > liveLimit && age > 5_000;
    if (due) void this.load();
    else if (to - this.drawn > (to - from) / Math.max(300, this.clientWidth)) this.redraw();
  }

  private draw(): void {
    if (!this.isConnected) return;
    const window = this.shown;
    this.drawn = window.to;
    if (!this.zoom && this.live && rangeLength(this.range)) {
      for (const points of this.points.values()) dropBefore(points, window.from);
    }
    const signature = JSON.stringify(this.sensors);
    if (signature !== this.signature) this.rebuild();
    else this.update(window);
  }

  private update(window: Window): void {
    const resolution = durationLength(this.resolution);
    for (const { plot, sensors } of this.plots) {
      plot.update(sensors.map(({ id }) => this.points.get(id) ?? []), window, resolution);
    }
  }

  private rebuild(): void {
    for (const { plot } of this.plots) plot.destroy();
    this.signature = JSON.stringify(this.sensors);
    const palette = readPalette(this);
    const groups = panels(this.sensors, ({ unit }) => unit, Number(this.getAttribute("axes") ?? 1));
    const narrow = this.clientWidth < 520;
    const height = groups.length === 1 ? (narrow ? 220 : 300) : narrow ? 150 : 165;
    const wishes = {
      zoom: (window: Window) => this.look(window),
      scale: (factor: number) => this.look(zoomed(this.shown, factor)),
      move: (share: number) => this.look(moved(this.shown, share)),
      reset: () => this.look(undefined),
    };
    this.plots = groups.map((sensors, i) => ({
      sensors,
      plot: new Plot({ sensors, palette, height, syncKey: this.syncKey, dated: i === groups.length - 1, wishes }),
    }));
    this.plotsHolder?.replaceChildren(...this.plots.map(({ plot }) => plot.element));
    this.update(this.shown);
  }

  private async save(event: Event): Promise<void> {
    event.preventDefault();
    if (this.sensors.length === 0) return;
    const query = historyQuery(this.sensors.map(({ id }) => id), this.shown, this.resolution === "auto" ? "raw" : this.resolution, 0);
    try {
      await saveCsv(query, "measurements.csv");
    } catch (error) {
      this.say(error instanceof Refusal ? error.message : "The file could not be fetched.");
    }
  }

  private say(text: string): void {
    this.status.textContent = text;
    this.status.hidden = text === "";
  }
}

function listOf(map: Map<string, Point[]>, sensor: string): Point[] {
  const list = map.get(sensor) ?? [];
  map.set(sensor, list);
  return list;
}

function paint(input: HTMLInputElement, colour: number | undefined): void {
  const label = input.closest("label");
  if (!label) return;
  for (const name of [...label.classList]) if (/^c\d$/.test(name)) label.classList.remove(name);
  if (colour !== undefined) label.classList.add(`c${colour}`);
}
