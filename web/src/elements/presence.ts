// Shows that a device has just been heard of.

import { part } from "../dom";
import { Ago } from "./ago";
import { make } from "../dom";

/** Turns the state of a row or heading to online, with the time of its newest value. */
export function showHeard(root: ParentNode, iso: string): void {
  const state = part(root, "state");
  if (state && !state.classList.contains("state-online")) {
    state.className = "state state-online";
    const text = part(state, "state-text");
    if (text) text.textContent = "Online";
  }
  const seen = part(root, "seen");
  const ago = seen?.querySelector("rs-ago");
  if (ago instanceof Ago) ago.set(iso);
  else seen?.replaceChildren(make("rs-ago" as "span", {}, make("time", { datetime: iso })));
}
