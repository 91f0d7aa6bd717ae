// <rs-device device>: keeps heading and table of one device's page current.

import { make, part } from "../dom";
import { type Measurement, subscribe } from "../live";
import { Part } from "./base";
import { showHeard, showTime } from "./presence";

export class Device extends Part {
  private readonly unknown = new Set<string>();
  private readonly news = make("p", { class: "notice notice-good", role: "status", hidden: true });

  protected start(): void {
    const device = this.getAttribute("device") ?? "";
    this.prepend(this.news);
    subscribe(`device=${encodeURIComponent(device)}`, this.signal, { values: (batch) => this.show(batch) });
  }

  private show(batch: readonly Measurement[]): void {
    const newest = new Map(batch.map((measurement) => [measurement.sensor, measurement]));
    for (const [sensor, measurement] of newest) {
      const row = this.querySelector(`tr[data-sensor="${CSS.escape(sensor)}"]`);
      if (row) showRow(row, measurement);
      else this.tellNew(measurement.name);
    }
    const last = batch.at(-1);
    if (last) showHeard(this, last.time);
  }

  // A page without any sensor has <rs-waiting>, which tells the same.
  private tellNew(name: string): void {
    if (this.unknown.has(name) || !this.querySelector("table")) return;
    this.unknown.add(name);
    const names = [...this.unknown].join(", ");
    const again = make("a", { href: location.pathname }, "Show");
    this.news.replaceChildren(`New on this device: ${names}. `, again);
    this.news.hidden = false;
  }
}

function showRow(row: Element, measurement: Measurement): void {
  const time = part(row, "time");
  if (time) showTime(time, measurement.time);
  const quality = part(row, "quality");
  if (!quality || !measurement.quality || quality.textContent === measurement.quality) return;
  quality.textContent = measurement.quality;
  quality.className = `quality quality-${measurement.quality}`;
}
