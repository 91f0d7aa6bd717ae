// <rs-device device>: keeps heading and table of one device's page current.

import { part } from "../dom";
import { type Measurement, subscribe } from "../live";
import { Ago } from "./ago";
import { Part } from "./base";
import { showHeard } from "./presence";

export class Device extends Part {
  protected start(): void {
    const device = this.getAttribute("device") ?? "";
    subscribe(`device=${encodeURIComponent(device)}`, this.signal, { values: (batch) => this.show(batch) });
  }

  private show(batch: readonly Measurement[]): void {
    const newest = new Map(batch.map((measurement) => [measurement.sensor, measurement]));
    for (const [sensor, measurement] of newest) {
      const row = this.querySelector(`tr[data-sensor="${CSS.escape(sensor)}"]`);
      if (row) showRow(row, measurement);
    }
    const last = batch.at(-1);
    if (last) showHeard(this, last.time);
  }
}

function showRow(row: Element, measurement: Measurement): void {
  const ago = part(row, "time")?.querySelector("rs-ago");
  if (ago instanceof Ago) ago.set(measurement.time);
  const quality = part(row, "quality");
  if (!quality || !measurement.quality || quality.textContent === measurement.quality) return;
  quality.textContent = measurement.quality;
  quality.className = `quality quality-${measurement.quality}`;
}
