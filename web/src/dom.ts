// Builds and finds elements without markup strings, so that Trusted Types can be enforced.

type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Makes an element. `true` writes an empty attribute; null, undefined and false leave it out. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element. */
export function makeSvg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** A line icon on a 24 by 24 grid. */
export function icon(path: string): SVGSVGElement {
  return makeSvg(
    "svg",
    {
      class: "icon",
      viewBox: "0 0 24 24",
      width: 20,
      height: 20,
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.75,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
      "aria-hidden": "true",
    },
    makeSvg("path", { d: path }),
  );
}

/** The part of an element that has this role in its script. */
export function part<E extends HTMLElement = HTMLElement>(root: ParentNode, role: string): E | null {
  return root.querySelector<E>(`[data-role="${role}"]`);
}

/** Runs work at most once per frame, however often it is asked for. */
export function perFrame(work: () => void): () => void {
  let asked = 0;
  return () => {
    if (asked) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      work();
    });
  };
}

/** Whether the reader asked for less motion. */
export function isCalm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Listens until the signal of the element's disconnection. */
export function listen<T>(target: EventTarget, name: string, signal: AbortSignal, work: (event: T) => void): void {
  target.addEventListener(name, (event) => work(event as T), { signal });
}
