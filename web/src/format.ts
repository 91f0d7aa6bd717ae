// Numbers, units and times as people read them.

const units: Readonly<Record<string, string>> = {
  Cel: "°C",
  degF: "°F",
  deg: "°",
  "%RH": "% RH",
  "/": "",
  "1": "",
  count: "",
  "W/m2": "W/m²",
  m2: "m²",
  m3: "m³",
  "m/s2": "m/s²",
  "m3/s": "m³/s",
  "ug/m3": "µg/m³",
  ohm: "Ω",
  Ohm: "Ω",
};

/** Turns a SenML unit into what is shown. */
export function unitText(unit: string | null | undefined): string {
  if (!unit) return "";
  return units[unit] ?? unit;
}

/** Writes a number with at most `digits` significant digits, true minus and thin grouping. */
export function numberText(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e12)) {
    return value.toExponential(Math.min(digits, 4) - 1).replace("e+", "e").replaceAll("-", "−");
  }
  const whole = Math.floor(size).toString().length;
  const rounded = size >= 1 ? Math.max(0, digits - whole) : undefined;
  const plain = rounded === undefined ? trim(size.toPrecision(digits)) : trim(size.toFixed(rounded));
  const sign = value < 0 && Number(plain) !== 0 ? "−" : "";
  return sign + group(plain);
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function group(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Writes any measured value: numbers, bools and short text. */
export function valueText(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return value.length > 80 ? `${value.slice(0, 79)}…` : value;
  if (typeof value === "boolean") return String(value);
  return value === null || value === undefined ? "–" : JSON.stringify(value).slice(0, 80);
}

/** Writes tick labels of one axis with as many decimals as the step between them needs. */
export function tickTexts(values: readonly number[]): string[] {
  const [first = 0, second] = values;
  const step = second === undefined ? Math.abs(first) || 1 : Math.abs(second - first);
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const exact = near(step * 10 ** decimals) ? decimals : decimals + 1;
  return values.map((value) => {
    if (Math.abs(value) >= 1e7) return numberText(value, 4);
    const text = group(Math.abs(value).toFixed(exact));
    return value < 0 && Number(value.toFixed(exact)) !== 0 ? `−${text}` : text;
  });
}

function near(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6;
}

const two = (value: number) => String(value).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Labels the ticks of a time axis; the date appears where it changes. `step` in milliseconds. */
export function timeTicks(times: readonly number[], step: number): string[] {
  let shown = "";
  return times.map((time) => {
    const at = new Date(time);
    const day = `${at.getDate()} ${months[at.getMonth()]}`;
    if (step >= 28 * 86_400_000) {
      const year = String(at.getFullYear());
      const text = `${months[at.getMonth()]}${year === shown ? "" : `\n${year}`}`;
      shown = year;
      return text;
    }
    if (step >= 86_400_000) return day;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}${step < 60_000 ? `:${two(at.getSeconds())}` : ""}`;
    const text = day === shown ? clock : `${clock}\n${day}`;
    shown = day;
    return text;
  });
}

/** Writes a moment in full, in the reader's own time zone. */
export function momentText(time: number, withSeconds = true): string {
  const at = new Date(time);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const seconds = withSeconds ? `:${two(at.getSeconds())}` : "";
  return `${at.getDate()} ${months[at.getMonth()]} ${at.getFullYear()}, ${clock}${seconds}`;
}

const spans: ReadonlyArray<readonly [number, string]> = [
  [31_536_000, "y"],
  [2_592_000, "mo"],
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** Says how far a moment is from now: "just now", "42 s ago", "in 3 d". */
export function agoText(time: number, now: number): string {
  const seconds = Math.round((now - time) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const found = spans.find(([length]) => size >= length);
  const text = found ? `${Math.floor(size / found[0])} ${found[1]}` : `${size} s`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}
