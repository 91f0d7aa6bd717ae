// <rs-value sensor>: a value that follows its sensor.

import { valueText } from "../format";
import { type Measurement, queryOf, subscribe } from "../live";
import { isCalm } from "../dom";
import { Part } from "./base";

export class LiveValue extends Part {
  private newest = 0;

  protected start(): void {
    const sensor = this.getAttribute("sensor");
    subscribe(queryOf(this), this.signal, {
      values: (batch) => {
        const mine = batch.findLast((measurement) => measurement.sensor === sensor);
        if (mine) this.show(mine);
      },
    });
  }

  private show(measurement: Measurement): void {
    const time = Date.parse(measurement.time);
    const target = this.querySelector(".num");
    if (time < this.newest || !target) return;
    this.newest = time;
    const text = valueText(measurement.value);
    if (target.textContent === text) return;
    target.textContent = text;
    if (isCalm()) return;
    target.getAnimations().forEach((animation) => animation.cancel());
    target.animate([{ color: "var(--accent)" }, {}], { duration: 1_200, easing: "ease-out" });
  }
}
