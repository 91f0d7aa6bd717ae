// <rs-menu>: closes its <details> on Escape, on a click elsewhere and when focus leaves.

import { listen } from "../dom";
import { Part } from "./base";

export class Menu extends Part {
  protected start(): void {
    const details = this.querySelector("details");
    if (!details) return;
    listen<KeyboardEvent>(this, "keydown", this.signal, (event) => {
      if (event.key !== "Escape" || !details.open) return;
      details.open = false;
      details.querySelector("summary")?.focus();
    });
    listen<PointerEvent>(document, "pointerdown", this.signal, (event) => {
      if (!this.contains(event.target as Node)) details.open = false;
    });
    listen<FocusEvent>(this, "focusout", this.signal, (event) => {
      if (event.relatedTarget && !this.contains(event.relatedTarget as Node)) details.open = false;
    });
  }
}
