// <rs-ago>: a time that reads relative to now and tells the whole on hover.

import { agoText, momentText } from "../format";
import { Part } from "./base";

const shown = new Set<Ago>();
let timer = 0;

function refreshAll(): void {
  for (const ago of shown) ago.refresh();
}

export class Ago extends Part {
  protected start(): void {
    shown.add(this);
    timer ||= window.setInterval(refreshAll, 1_000);
    this.signal.addEventListener("abort", () => shown.delete(this));
    this.refresh();
  }

  /** Moves to another time. */
  set(iso: string): void {
    const time = this.querySelector("time");
    if (!time) return;
    time.dateTime = iso;
    this.refresh();
  }

  refresh(): void {
    const time = this.querySelector("time");
    const at = Date.parse(time?.dateTime ?? "");
    if (!time || Number.isNaN(at)) return;
    const text = agoText(at, Date.now());
    if (time.textContent === text && time.title) return;
    time.textContent = text;
    time.title = momentText(at);
  }
}
