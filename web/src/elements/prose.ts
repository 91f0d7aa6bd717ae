// <rs-prose>: in the manual, copy buttons on code, wide parts reachable by keyboard, contents folded on phones.

import { make } from "../dom";
import { Part } from "./base";

export class Prose extends Part {
  protected start(): void {
    const contents = document.querySelector<HTMLDetailsElement>(".contents-fold");
    if (contents && matchMedia("(max-width: 860px)").matches) contents.open = false;
    for (const block of this.querySelectorAll("pre")) {
      if (block.closest("rs-copy")) continue;
      const code = block.querySelector("code") ?? block;
      code.setAttribute("data-role", "text");
      block.tabIndex = 0;
      block.setAttribute("role", "group");
      block.setAttribute("aria-label", "Code");
      const wrapper = make("rs-copy" as "div", { block: true });
      block.replaceWith(wrapper);
      wrapper.prepend(block);
    }
    for (const table of this.querySelectorAll("table")) {
      if (table.parentElement?.classList.contains("scroll")) continue;
      const wrapper = make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" });
      table.replaceWith(wrapper);
      wrapper.append(table);
    }
  }
}
