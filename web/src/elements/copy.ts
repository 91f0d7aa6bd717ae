// <rs-copy>: a button that copies the text beside it, or with `address` the page's address.

import { icon, listen, make, part } from "../dom";
import { Part } from "./base";

const sheets = "M9 9h10v11H9zM15 9V4H5v11h4";
const tick = "m5 12.5 4.5 4.5L19 7.5";

export class Copy extends Part {
  protected start(): void {
    if (this.querySelector("button")) return;
    const whole = this.hasAttribute("address");
    const name = whole ? "Copy link" : "Copy";
    const button = make("button", { type: "button", class: whole ? "button" : "copy-button", "aria-label": name });
    const text = make("span", {}, name);
    const show = (done: boolean) => {
      text.textContent = done ? "Copied" : name;
      button.replaceChildren(icon(done ? tick : sheets), text);
      button.classList.toggle("done", done);
      button.setAttribute("aria-label", text.textContent);
    };
    show(false);
    let timer = 0;
    listen(button, "click", this.signal, async () => {
      const done = await copy(whole ? location.href : (part(this, "text")?.textContent ?? ""), part(this, "text"));
      if (!done) return;
      show(true);
      clearTimeout(timer);
      timer = window.setTimeout(() => show(false), 1_800);
    });
    this.append(button);
  }
}

// The clipboard can be forbidden; then the text is selected for the reader to copy.
async function copy(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
    return false;
  }
}
