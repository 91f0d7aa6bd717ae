// <rs-api-explorer src>: lists the operations of an OpenAPI document and lets one try them.

import { readJson } from "../api";
import { listen, make } from "../dom";
import { type Document, type Operation, operations } from "../openapi";
import { OperationForm } from "./api-operation";
import { Part } from "./base";

export class ApiExplorer extends Part {
  private all: Operation[] = [];
  private source: Document | undefined;
  private readonly list = make("div", { class: "api-list", tabindex: "0", role: "group", "aria-label": "Operations" });
  private readonly stage = make("section", { class: "card api-stage", "aria-live": "off" });

  protected start(): void {
    void this.load();
    listen(window, "hashchange", this.signal, () => this.open());
  }

  private async load(): Promise<void> {
    const status = this.querySelector('[data-role="status"]');
    try {
      if (status) status.textContent = "Loading the description…";
      this.source = await readJson<Document>(this.getAttribute("src") ?? "");
      this.all = operations(this.source);
    } catch (error) {
      if (status) status.textContent = `The description could not be read: ${error instanceof Error ? error.message : "unknown"}`;
      return;
    }
    this.build();
    this.open();
  }

  private build(): void {
    const filter = make("input", { type: "search", "aria-label": "Filter operations", placeholder: "Filter operations", autocomplete: "off" });
    listen(filter, "input", this.signal, () => this.fillList(filter.value));
    const aside = make("nav", { class: "card api-side", "aria-label": "Operations" }, make("div", { class: "search plain-search" }, filter), this.list);
    this.replaceChildren(make("div", { class: "api" }, aside, this.stage));
    this.fillList("");
  }

  private fillList(text: string): void {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ method, path, summary }: Operation) =>
      words.every((word) => `${method} ${path} ${summary}`.toLowerCase().includes(word));
    const tags = new Map<string, Operation[]>();
    for (const found of this.all.filter(fits)) tags.set(found.tag, [...(tags.get(found.tag) ?? []), found]);
    const groups = [...tags].map(([tag, some]) =>
      make("section", {}, make("h2", {}, tag), make("ul", {}, ...some.map((one) => make("li", {}, this.entry(one))))),
    );
    this.list.replaceChildren(...(groups.length > 0 ? groups : [make("p", { class: "muted" }, "No operation matches.")]));
    this.mark();
  }

  private entry(operation: Operation): HTMLAnchorElement {
    return make(
      "a",
      { href: `#${encodeURIComponent(operation.key)}`, "data-key": operation.key },
      make("span", { class: `method method-${operation.method.toLowerCase()}` }, operation.method),
      make("span", { class: "api-path" }, operation.path),
    );
  }

  private current(): Operation | undefined {
    const key = decodeURIComponent(location.hash.slice(1));
    return this.all.find((operation) => operation.key === key);
  }

  private open(): void {
    const chosen = this.current();
    const operation = chosen ?? this.all[0];
    if (!operation || !this.source) return;
    const form = new OperationForm(this.source, operation, this.signal);
    this.stage.replaceChildren(form.element);
    this.mark();
    if (!chosen) return;
    form.heading.focus({ preventScroll: true });
    if (this.stage.getBoundingClientRect().top > innerHeight * 0.6) this.stage.scrollIntoView();
  }

  private mark(): void {
    const key = (this.current() ?? this.all[0])?.key;
    for (const link of this.list.querySelectorAll<HTMLAnchorElement>("a[data-key]")) {
      if (link.dataset["key"] === key) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}
