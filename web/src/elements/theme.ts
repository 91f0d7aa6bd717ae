// <rs-theme>: switches between light and dark, and remembers it.

import { icon, listen, make } from "../dom";
import { Part } from "./base";

const moon = "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z";
const sun = "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4";

/** Whether the page is dark now, by choice or by system. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls back when light and dark change places, until the signal. */
export function onTheme(signal: AbortSignal, work: () => void): void {
  listen(document, "rs-theme", signal, work);
  listen(matchMedia("(prefers-color-scheme: dark)"), "change", signal, work);
}

export class Theme extends Part {
  protected start(): void {
    const button = make("button", { class: "icon-button", type: "button" });
    const show = () => {
      const dark = isDark();
      button.replaceChildren(icon(dark ? sun : moon));
      button.setAttribute("aria-label", dark ? "Use light colours" : "Use dark colours");
      button.title = button.getAttribute("aria-label") ?? "";
    };
    listen(button, "click", this.signal, () => choose(isDark() ? "light" : "dark"));
    onTheme(this.signal, show);
    show();
    this.replaceChildren(button);
  }
}

function choose(theme: "light" | "dark"): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Without storage the choice holds until the page is left.
  }
  document.dispatchEvent(new Event("rs-theme"));
}
