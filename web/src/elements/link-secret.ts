// <rs-link-secret>: takes the secret of a one-time link from behind the # and clears it from the address.
// The part after # never reaches the server or its log; without this script it is typed instead.

import { listen, part } from "../dom";
import { Part } from "./base";

export class LinkSecret extends Part {
  protected start(): void {
    listen(window, "hashchange", this.signal, () => this.take());
    this.take();
  }

  private take(): void {
    const secret = location.hash.slice(1);
    const field = part(this, "secret");
    if (!secret.startsWith("rs") || !(field instanceof HTMLInputElement)) return;
    field.value = secret;
    history.replaceState(null, "", location.pathname + location.search);
    const [typed, link] = [part(this, "typed"), part(this, "link")];
    if (typed) typed.hidden = true;
    if (link) link.hidden = false;
  }
}
