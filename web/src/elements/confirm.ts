// <rs-confirm expected>: keeps the button shut until the expected text is typed. The server checks again.

import { listen } from "../dom";
import { Part } from "./base";

export class Confirm extends Part {
  protected start(): void {
    const input = this.querySelector("input");
    const button = this.querySelector("button");
    if (!input || !button) return;
    const check = () => {
      button.disabled = input.value.trim() !== this.getAttribute("expected");
    };
    listen(input, "input", this.signal, check);
    check();
  }
}
