// One operation of the API explorer: its parameters, its body, the request and the answer.

import { send } from "../api";
import { listen, make } from "../dom";
import { address, type Body, curlText, type Document, fields, type Filled, type Operation, type Parameter, typeName } from "../openapi";

/** Longest answer shown; streams and exports can be endless. */
const shownLimit = 200_000;

export class OperationForm {
  readonly heading: HTMLHeadingElement;
  readonly element: HTMLElement;
  private readonly inputs = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private readonly body: HTMLTextAreaElement | undefined;
  private readonly kind: HTMLSelectElement | undefined;
  private readonly answer = make("div", { class: "api-answer", "aria-live": "polite" });
  private readonly command = make("code", { "data-role": "text" });
  private running: AbortController | undefined;

  constructor(
    private readonly source: Document,
    private readonly operation: Operation,
    private readonly signal: AbortSignal,
  ) {
    this.heading = make("h2", { tabindex: "-1" }, operation.summary);
    if (operation.bodies.length > 0) {
      this.body = make("textarea", { id: "api-body", rows: 10, spellcheck: "false" });
      this.kind = make("select", { id: "api-kind" }, ...operation.bodies.map(({ type }) => make("option", { value: type }, type)));
    }
    this.element = this.build();
    this.fillBody();
    this.preview();
  }

  private build(): HTMLElement {
    const { operation } = this;
    const button = make("button", { class: "button primary", type: "submit" }, "Send request");
    const form = make("form", { class: "form api-form" }, this.parameters(), this.bodyFields(), make("div", { class: "actions" }, button));
    listen<Event>(form, "submit", this.signal, (event) => {
      event.preventDefault();
      void this.run();
    });
    listen(form, "input", this.signal, () => this.preview());
    if (this.kind) listen(this.kind, "change", this.signal, () => this.fillBody());
    return make(
      "div",
      {},
      this.heading,
      make(
        "p",
        { class: "api-target" },
        make("span", { class: `method method-${operation.method.toLowerCase()}` }, operation.method),
        make("code", {}, operation.path),
      ),
      operation.description && make("p", { class: "api-text" }, operation.description),
      form,
      this.answer,
      make(
        "details",
        { class: "snippet" },
        make("summary", {}, make("span", {}, "As a curl command")),
        make("rs-copy" as "div", { block: true }, make("pre", { tabindex: 0, role: "region", "aria-label": "curl command" }, this.command)),
      ),
      this.responses(),
    );
  }

  private parameters(): HTMLElement | null {
    const shown = this.operation.parameters.filter((parameter) => parameter.in === "path" || parameter.in === "query");
    if (shown.length === 0) return null;
    return make("fieldset", { class: "api-fields" }, make("legend", {}, "Parameters"), ...shown.map((parameter, i) => this.parameter(parameter, i)));
  }

  private parameter(parameter: Parameter, index: number): HTMLElement {
    const id = `api-parameter-${index}`;
    const choices = parameter.schema?.enum?.map(String);
    const input = choices
      ? make("select", { id }, make("option", { value: "" }, "not set"), ...choices.map((value) => make("option", { value }, value)))
      : make("input", { id, autocomplete: "off", spellcheck: "false" });
    input.required = parameter.required ?? false;
    if (parameter.example !== undefined && input instanceof HTMLInputElement) input.value = String(parameter.example);
    if (parameter.description) input.setAttribute("aria-describedby", `${id}-hint`);
    this.inputs.set(`${parameter.in} ${parameter.name}`, input);
    const type = [parameter.in, typeName(parameter.schema), parameter.required ? "required" : ""].filter(Boolean).join(", ");
    return make(
      "div",
      { class: "field" },
      make("label", { for: id }, make("code", {}, parameter.name), make("span", { class: "muted" }, ` ${type}`)),
      input,
      parameter.description && make("p", { class: "hint", id: `${id}-hint` }, parameter.description),
    );
  }

  private bodyFields(): HTMLElement | null {
    if (!this.body || !this.kind) return null;
    return make(
      "fieldset",
      { class: "api-fields" },
      make("legend", {}, "Body"),
      make("div", { class: "field" }, make("label", { for: "api-kind" }, "Format"), this.kind),
      make("div", { class: "field" }, make("label", { for: "api-body" }, "Content"), this.body),
      this.schema(),
    );
  }

  private schema(): HTMLElement | null {
    const schema = this.operation.bodies.find((body) => body.schema)?.schema;
    const list = schema ? fields(this.source, schema) : [];
    if (list.length === 0) return null;
    const items = list.map((field) =>
      make(
        "div",
        {},
        make("dt", {}, make("code", {}, field.name), make("span", { class: "muted" }, ` ${field.type}${field.required ? ", required" : ""}`)),
        make("dd", {}, field.description || "–"),
      ),
    );
    return make("details", { class: "api-schema" }, make("summary", {}, "Fields"), make("dl", {}, ...items));
  }

  private responses(): HTMLElement | null {
    if (this.operation.responses.length === 0) return null;
    const items = this.operation.responses.map(([status, text]) => make("div", {}, make("dt", {}, status), make("dd", {}, text || "–")));
    return make("details", { class: "api-schema" }, make("summary", {}, "Possible answers"), make("dl", {}, ...items));
  }

  private chosenBody(): Body | undefined {
    return this.operation.bodies.find(({ type }) => type === this.kind?.value);
  }

  private fillBody(): void {
    if (this.body) this.body.value = this.chosenBody()?.example ?? "";
    this.preview();
  }

  private filled(): Filled {
    return Object.fromEntries([...this.inputs].map(([key, input]) => [key, input.value]));
  }

  private preview(): void {
    const target = address(this.operation, this.filled());
    this.command.textContent = curlText(location.origin, this.operation.method, target, this.kind?.value ?? "", this.body?.value ?? "");
  }

  private async run(): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const stop = make("button", { class: "button small", type: "button" }, "Stop");
    listen(stop, "click", running.signal, () => running.abort());
    this.answer.replaceChildren(make("p", { class: "api-status" }, "Sending… ", stop));
    const began = performance.now();
    try {
      const response = await this.send(AbortSignal.any([running.signal, this.signal]));
      const shown = answerParts(response, performance.now() - began);
      const text = make("code");
      this.answer.replaceChildren(...shown, make("pre", { tabindex: 0, role: "region", "aria-label": "Body of the answer" }, text));
      await readInto(response, text);
    } catch (error) {
      if (running.signal.aborted && this.running !== running) return;
      const told = running.signal.aborted ? "Stopped." : `No answer: ${error instanceof Error ? error.message : "unknown"}`;
      this.answer.append(make("p", { class: "api-status" }, told));
    }
  }

  private send(signal: AbortSignal): Promise<Response> {
    const hasBody = this.body !== undefined && this.body.value !== "";
    return send(address(this.operation, this.filled()), {
      method: this.operation.method,
      signal,
      ...(hasBody ? { body: this.body?.value ?? "", headers: { "Content-Type": this.kind?.value ?? "application/json" } } : {}),
    });
  }
}

function answerParts(response: Response, elapsed: number): HTMLElement[] {
  const kind = response.ok ? "good" : "bad";
  const status = make("span", { class: `badge badge-${kind}` }, `${response.status} ${response.statusText}`.trim());
  const headers = [...response.headers].map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return [
    make("p", { class: "api-status" }, status, make("span", { class: "muted" }, ` ${Math.round(elapsed)} ms`)),
    make("details", { class: "api-schema" }, make("summary", {}, "Headers"), make("dl", {}, ...headers)),
  ];
}

async function readInto(response: Response, target: HTMLElement): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
    text += chunk.value;
    if (text.length > shownLimit) {
      target.textContent = `${text.slice(0, shownLimit)}\n… cut after ${shownLimit} characters`;
      await reader?.cancel();
      return;
    }
    target.textContent = text;
  }
  target.textContent = pretty(text, response.headers.get("content-type") ?? "") || "(empty)";
}

function pretty(text: string, type: string): string {
  if (!type.includes("json") || type.includes("ndjson")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
