// <rs-tiles>: counts what arrives, on the overview.

import { isCalm, makeSvg, part } from "../dom";
import { numberText } from "../format";
import { subscribe } from "../live";
import { type Point, sparkPath } from "../series";
import { Part } from "./base";

/** Seconds over which the rate is averaged, and seconds that the trace shows. */
const average = 10;
const traced = 60;

export class Tiles extends Part {
  private arrived = 0;
  private seconds: number[] = [];
  private readonly path = makeSvg("path", { class: "trace" });

  protected start(): void {
    this.seconds = [];
    part(this, "trace")?.replaceChildren(
      makeSvg("svg", { viewBox: "0 0 96 28", width: 96, height: 28, "aria-hidden": "true" }, this.path),
    );
    subscribe("", this.signal, {
      values: (batch) => {
        this.arrived += batch.length;
      },
    });
    const timer = window.setInterval(() => this.count(), 1_000);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  private count(): void {
    this.seconds.push(this.arrived);
    this.arrived = 0;
    if (this.seconds.length > traced) this.seconds.shift();
    const recent = this.seconds.slice(-average);
    if (recent.length < 3) return;
    const rate = part(this, "rate");
    const mean = recent.reduce((sum, count) => sum + count, 0) / recent.length;
    if (rate) rate.textContent = numberText(mean, mean < 100 ? 2 : 3);
    if (this.seconds.length < average) return;
    if (!isCalm() || this.seconds.length % 10 === 0) this.trace();
  }

  private trace(): void {
    const points = this.seconds.map((count, i): Point => [i + traced - this.seconds.length, count]);
    this.path.setAttribute("d", `${sparkPath(points, 0, traced, [96, 24], 2)}`);
    this.path.setAttribute("transform", "translate(0 2)");
  }
}
