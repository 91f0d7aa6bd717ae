// <rs-devices>: filters the table of devices and keeps their state current.

import { listen, part } from "../dom";
import { subscribe } from "../live";
import { Part } from "./base";
import { showHeard } from "./presence";

export class Devices extends Part {
  private rows: HTMLTableRowElement[] = [];

  protected start(): void {
    this.rows = [...this.querySelectorAll<HTMLTableRowElement>("tr[data-device]")];
    listen(this, "input", this.signal, () => this.filter());
    const clear = part(this, "clear");
    if (clear) listen(clear, "click", this.signal, () => this.clear());
    this.follow();
    this.filter();
  }

  private follow(): void {
    const byDevice = new Map(this.rows.map((row) => [row.dataset["device"], row]));
    subscribe("", this.signal, {
      values: (batch) => {
        const newest = new Map(batch.map(({ device, time }) => [device, time]));
        for (const [device, time] of newest) {
          const row = byDevice.get(device);
          if (row) showHeard(row, time);
        }
      },
    });
  }

  private filter(): void {
    const words = (part<HTMLInputElement>(this, "filter")?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const state = this.querySelector<HTMLInputElement>('input[name="state"]:checked')?.value ?? "";
    let visible = 0;
    for (const row of this.rows) {
      const text = row.dataset["search"]?.toLowerCase() ?? "";
      const online = row.querySelector(".state-online") !== null;
      const fits = words.every((word) => text.includes(word)) && (!state || (state === "online") === online);
      row.hidden = !fits;
      if (fits) visible += 1;
    }
    this.tell(visible, words.length > 0 || state !== "");
  }

  private tell(visible: number, filtered: boolean): void {
    const count = part(this, "count");
    if (count) count.textContent = filtered ? `${visible} of ${this.rows.length}` : "";
    const nothing = part(this, "nothing");
    if (nothing) nothing.hidden = visible > 0;
  }

  private clear(): void {
    const filter = part<HTMLInputElement>(this, "filter");
    if (filter) filter.value = "";
    const all = this.querySelector<HTMLInputElement>('input[name="state"][value=""]');
    if (all) all.checked = true;
    this.filter();
    filter?.focus();
  }
}
