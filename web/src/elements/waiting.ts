// <rs-waiting device>: waits for the first value of a device and turns green with it.

import { latest } from "../api";
import { make, part } from "../dom";
import { unitText, valueText } from "../format";
import { queryOf, subscribe } from "../live";
import { Part } from "./base";

interface First {
  readonly name: string;
  readonly value: unknown;
  readonly unit?: string | null;
}

export class Waiting extends Part {
  private arrived = false;

  protected start(): void {
    subscribe(queryOf(this), this.signal, {
      values: ([first]) => first && this.show(first),
      gap: () => void this.look(),
      link: (state) => void (state === "open" && this.look()),
    });
  }

  // A value may have arrived before the stream was open.
  private async look(): Promise<void> {
    if (this.arrived) return;
    const [first] = await latest(this.getAttribute("device") ?? "").catch(() => []);
    if (first) this.show(first);
  }

  private show(first: First): void {
    if (this.arrived) return;
    this.arrived = true;
    const device = this.getAttribute("device") ?? "";
    const value = `${valueText(first.value)} ${unitText(first.unit)}`.trim();
    this.classList.add("arrived");
    part(this, "text")?.replaceChildren(
      "It arrived: ",
      make("strong", {}, `${first.name} ${value}`),
      ". ",
      make("a", { href: `/devices/${encodeURIComponent(device)}` }, "See its curve"),
    );
  }
}
