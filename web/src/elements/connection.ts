// <rs-connection>: says whether live values arrive.

import { make } from "../dom";
import { type Link, queryOf, subscribe } from "../live";
import { Part } from "./base";

const texts: Readonly<Record<Link, string>> = {
  connecting: "Connecting…",
  open: "Live",
  lost: "Reconnecting…",
};

export class Connection extends Part {
  protected start(): void {
    const text = make("span");
    this.replaceChildren(make("span", { class: "dot", "aria-hidden": "true" }), text);
    this.setAttribute("role", "status");
    subscribe(queryOf(this), this.signal, {
      link: (state) => {
        this.dataset["link"] = state;
        text.textContent = texts[state];
      },
    });
  }
}
