// <rs-compare>: filters the list of sensors and keeps the page's address equal to what is shown.

import { listen, part } from "../dom";
import { Part } from "./base";
import { Chart } from "./chart";

export class Compare extends Part {
  protected start(): void {
    const filter = part<HTMLInputElement>(this, "filter");
    if (filter) listen(filter, "input", this.signal, () => this.filter(filter.value));
    listen(this, "rs-view", this.signal, () => this.remember());
    const form = this.querySelector("form");
    if (form) listen<Event>(form, "submit", this.signal, (event) => event.preventDefault());
  }

  private filter(text: string): void {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of this.querySelectorAll("fieldset[data-search]")) {
      let visible = 0;
      for (const choice of group.querySelectorAll<HTMLElement>("label[data-search]")) {
        const found = `${group.getAttribute("data-search")} ${choice.dataset["search"]}`.toLowerCase();
        choice.hidden = !words.every((word) => found.includes(word));
        if (!choice.hidden) visible += 1;
      }
      (group as HTMLElement).hidden = visible === 0;
    }
  }

  private remember(): void {
    const query = new URLSearchParams();
    for (const input of this.querySelectorAll<HTMLInputElement>('input[name="sensor"]:checked')) query.append("sensor", input.value);
    const chart = this.querySelector("rs-chart");
    if (chart instanceof Chart && chart.fixed) {
      query.set("from", new Date(chart.fixed.from).toISOString());
      query.set("to", new Date(chart.fixed.to).toISOString());
    }
    const text = query.toString();
    window.history.replaceState(null, "", text ? `?${text}` : location.pathname);
  }
}
