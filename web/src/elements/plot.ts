// One panel of a chart: uPlot with our axes, our readings above it, and a keyboard.

import uPlot from "uplot";
import { listen, make } from "../dom";
import { momentText, numberText, tickTexts, timeTicks, unitText } from "../format";
import type { Window } from "../range";
import { align, type Cell, gapLimit, isBinary, type Point, summary } from "../series";
import { faded, type Palette } from "./palette";

export interface Sensor {
  readonly id: string;
  /** As shown: with its device where several are compared. */
  readonly name: string;
  readonly unit: string;
  readonly colour: number;
}

export interface Wishes {
  readonly zoom: (window: Window) => void;
  readonly scale: (factor: number) => void;
  readonly move: (share: number) => void;
  readonly reset: () => void;
}

export interface PlotSetup {
  readonly sensors: readonly Sensor[];
  readonly palette: Palette;
  readonly height: number;
  readonly syncKey: string;
  /** Whether times are written below; in a stack only the last panel does. */
  readonly dated: boolean;
  readonly wishes: Wishes;
}

/** Room for the time axis with and without its labels. */
const datedSize = 46;
const plainSize = 8;

interface Reading {
  readonly sensor: Sensor;
  readonly target: HTMLElement;
}

export class Plot {
  readonly element = make("div", { class: "plot", role: "group", tabindex: "0" });
  private readonly holder = make("div", { class: "plot-canvas" });
  private readonly moment = make("span", { class: "plot-moment" });
  private readonly spoken = make("p", { class: "sr", "aria-live": "polite" });
  private readonly readings: Reading[];
  private readonly units: readonly string[];
  private readonly leaving = new AbortController();
  private chart: uPlot | undefined;
  private points: ReadonlyArray<readonly Point[]> = [];
  private limits: readonly number[] = [];
  private window: Window = { from: 0, to: 1 };
  private stepped = "";
  private speaking = false;

  constructor(private readonly setup: PlotSetup) {
    this.units = [...new Set(setup.sensors.map((sensor) => sensor.unit))];
    this.readings = setup.sensors.map((sensor) => ({ sensor, target: make("span", { class: "num" }) }));
    const list = make("ul", { class: "readings" }, ...this.readings.map(readingItem));
    this.element.append(make("div", { class: "plot-head" }, list, this.moment), this.holder, this.spoken);
    this.listen();
  }

  /** Shows these curves in this window. */
  update(points: ReadonlyArray<readonly Point[]>, window: Window, resolution: number): void {
    this.points = points;
    this.window = window;
    this.limits = points.map((some) => gapLimit(some, window.to - window.from, resolution));
    const { times, columns } = align(points, this.limits);
    const stepped = points.map(isBinary).join();
    if (!this.chart || stepped !== this.stepped) this.rebuild(stepped);
    this.chart?.batch(() => {
      this.chart?.setData([times, ...columns] as uPlot.AlignedData, false);
      this.chart?.setScale("x", { min: window.from, max: window.to });
    });
    this.read();
    this.describe();
  }

  resize(): void {
    const width = this.holder.clientWidth;
    if (this.chart && width > 0 && width !== this.chart.width) this.chart.setSize({ width, height: this.height });
  }

  destroy(): void {
    this.leaving.abort();
    this.chart?.destroy();
    this.element.remove();
  }

  private get binary(): boolean {
    return this.points.length > 0 && this.points.every(isBinary);
  }

  private get height(): number {
    const curve = this.binary ? Math.min(110, this.setup.height) : this.setup.height;
    return curve + (this.setup.dated ? datedSize : plainSize);
  }

  private rebuild(stepped: string): void {
    this.stepped = stepped;
    this.chart?.destroy();
    const width = this.holder.clientWidth || 600;
    this.chart = new uPlot(this.options(width), [[]] as unknown as uPlot.AlignedData, this.holder);
  }

  private options(width: number): uPlot.Options {
    return {
      width,
      height: this.height,
      ms: 1,
      padding: [14, this.units.length > 1 ? 0 : 26, 0, 0],
      legend: { show: false },
      scales: { x: { time: true }, ...Object.fromEntries(this.units.map((unit) => [`y ${unit}`, { range: this.binary ? switchRange : yRange }])) },
      series: [{}, ...this.setup.sensors.map((sensor, i) => this.series(sensor, i))],
      axes: [this.timeAxis(), ...this.units.map((unit, i) => this.valueAxis(unit, i))],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        sync: { key: this.setup.syncKey, setSeries: false },
        dataIdx: nearestCell,
        points: { size: 8, width: 2, fill: "transparent" },
        bind: { dblclick: () => () => (this.setup.wishes.reset(), null) },
      },
      hooks: { setSelect: [(chart) => this.selected(chart)], setCursor: [() => this.read()] },
    };
  }

  private series(sensor: Sensor, index: number): uPlot.Series {
    const colour = this.setup.palette.series[sensor.colour] ?? this.setup.palette.text;
    const binary = isBinary(this.points[index] ?? []);
    const stepped = binary ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    const alone = this.setup.sensors.length === 1;
    return {
      label: sensor.name,
      scale: `y ${sensor.unit}`,
      stroke: colour,
      width: 1.75,
      ...(alone ? { fill: (chart: uPlot) => shade(chart, colour) } : {}),
      ...(stepped ? { paths: stepped } : {}),
      points: { size: 5, width: 0, fill: colour },
    };
  }

  private timeAxis(): uPlot.Axis {
    const { text, grid, font } = this.setup.palette;
    return {
      stroke: text,
      font,
      size: this.setup.dated ? datedSize : plainSize,
      gap: 6,
      space: 84,
      grid: { stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 5 },
      values: (_, splits, __, ___, step) => (this.setup.dated ? timeTicks(splits, step) : splits.map(() => "")),
    };
  }

  private valueAxis(unit: string, index: number): uPlot.Axis {
    const { text, grid, font } = this.setup.palette;
    return {
      scale: `y ${unit}`,
      side: index === 0 ? 3 : 1,
      stroke: text,
      font,
      gap: 8,
      space: 36,
      ...(this.binary ? { splits: () => [0, 1] } : {}),
      size: (_, values) => Math.max(52, ...(values ?? []).map((value) => value.length * 7 + 18)),
      grid: { show: index === 0, stroke: grid, width: 1 },
      ticks: { show: false },
      values: (_, splits) => tickTexts(splits),
    };
  }

  private selected(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width < 6) return;
    const window = { from: chart.posToVal(left, "x"), to: chart.posToVal(left + width, "x") };
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.setup.wishes.zoom(window);
  }

  // Under the cursor, or else the newest values.
  private read(): void {
    const at = this.cursorTime();
    this.readings.forEach(({ target }, i) => {
      const points = this.points[i] ?? [];
      const value = at === undefined ? points.at(-1)?.[1] : valueNear(points, at, this.limits[i] ?? Infinity);
      const text = value === undefined ? "–" : numberText(value);
      if (target.textContent !== text) target.textContent = text;
    });
    this.moment.textContent = at === undefined ? "" : momentText(at, this.window.to - this.window.from < 7_200_000);
    if (this.speaking && at !== undefined) this.speak(at);
  }

  private cursorTime(): number | undefined {
    const { left } = this.chart?.cursor ?? {};
    if (!this.chart || left === undefined || left === null || left < 0) return undefined;
    return this.chart.posToVal(left, "x");
  }

  private speak(at: number): void {
    const values = this.readings.map(({ sensor, target }) => `${sensor.name} ${target.textContent} ${sensor.unit}`);
    this.spoken.textContent = `${momentText(at)}: ${values.join(", ")}`;
  }

  private describe(): void {
    const told = this.setup.sensors.map((sensor, i) => {
      const found = summary(this.points[i] ?? [], this.window.from, this.window.to);
      const unit = unitText(sensor.unit);
      if (!found) return `${sensor.name}: no values`;
      const [low, high, last] = [found.min, found.max, found.last].map((value) => numberText(value, 4));
      return `${sensor.name}: last ${last} ${unit}, lowest ${low}, highest ${high}`;
    });
    const window = `${momentText(this.window.from, false)} to ${momentText(this.window.to, false)}`;
    this.element.setAttribute("aria-label", `Curve. ${told.join("; ")}. ${window}. Arrow keys read values.`);
  }

  private listen(): void {
    listen<KeyboardEvent>(this.element, "keydown", this.leaving.signal, (event) => {
      if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.key(event.key, event.shiftKey)) event.preventDefault();
    });
    listen(this.element, "blur", this.leaving.signal, () => this.leave());
    listen(this.element, "pointermove", this.leaving.signal, () => {
      this.speaking = false;
    });
  }

  private key(key: string, shift: boolean): boolean {
    const { wishes } = this.setup;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (shift ? wishes.move(-0.25) : this.step(-1)),
      ArrowRight: () => (shift ? wishes.move(0.25) : this.step(1)),
      "+": () => wishes.scale(0.5),
      "-": () => wishes.scale(2),
      "0": wishes.reset,
      Escape: () => this.leave(),
    };
    keys[key]?.();
    return key in keys;
  }

  private step(direction: number): void {
    const chart = this.chart;
    if (!chart) return;
    this.speaking = true;
    const width = chart.over.clientWidth;
    const now = chart.cursor.left ?? -1;
    const left = now < 0 ? width - 1 : Math.min(width - 1, Math.max(0, now + (direction * width) / 60));
    chart.setCursor({ left, top: 10 });
  }

  private leave(): void {
    this.speaking = false;
    this.chart?.setCursor({ left: -10, top: -10 });
  }
}

function readingItem({ sensor, target }: Reading): HTMLLIElement {
  const unit = unitText(sensor.unit);
  return make(
    "li",
    { class: `c${sensor.colour}` },
    make("span", { class: "swatch", "aria-hidden": "true" }),
    make("span", { class: "reading-name" }, sensor.name),
    target,
    unit && make("span", { class: "unit" }, unit),
  );
}

function yRange(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  return uPlot.rangeNum(min, max, 0.1, true);
}

function switchRange(): uPlot.Range.MinMax {
  return [-0.12, 1.12];
}

function shade(chart: uPlot, colour: string): CanvasGradient | string {
  const { top, height } = chart.bbox;
  if (!Number.isFinite(top) || !Number.isFinite(height) || height <= 0) return "transparent";
  const gradient = chart.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, faded(colour, 0.22));
  gradient.addColorStop(1, faded(colour, 0.02));
  return gradient;
}

/** The cursor's point of a series: where this time has no value of its own, the nearest that has one. */
function nearestCell(chart: uPlot, series: number, index: number): number {
  const column = (chart.data[series] ?? []) as readonly Cell[];
  for (let away = 0; away < 200; away += 1) {
    for (const at of [index - away, index + away]) if (typeof column[at] === "number") return at;
    if (column[index - away] === null || column[index + away] === null) return index;
  }
  return index;
}

/** The value of the point nearest to a time, unless a gap lies there. */
function valueNear(points: readonly Point[], time: number, limit: number): number | undefined {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] < time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]];
  const nearest = !before || (after && after[0] - time < time - before[0]) ? after : before;
  return nearest && Math.abs(nearest[0] - time) <= limit ? nearest[1] : undefined;
}
