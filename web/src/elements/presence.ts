// Shows that a device has just been heard of.

import { make, part } from "../dom";
import { Ago } from "./ago";

/** Turns the state of a row or heading to online, with the time of its newest value. */
export function showHeard(root: ParentNode, iso: string): void {
  const state = part(root, "state");
  if (state && !state.classList.contains("state-online")) {
    state.className = "state state-online";
    const text = part(state, "state-text");
    if (text) text.textContent = "Online";
  }
  const seen = part(root, "seen");
  if (seen) showTime(seen, iso);
}

/** Shows a time relative to now, in place of what stands there. */
export function showTime(place: HTMLElement, iso: string): void {
  const ago = place.querySelector("rs-ago");
  if (ago instanceof Ago) ago.set(iso);
  else place.replaceChildren(make("rs-ago" as "span", {}, make("time", { datetime: iso })));
}
