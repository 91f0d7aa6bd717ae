// What every element shares: a life that ends with its disconnection.

/** An element whose listeners, streams and requests end with `signal`. */
export abstract class Part extends HTMLElement {
  private ending = new AbortController();

  protected get signal(): AbortSignal {
    return this.ending.signal;
  }

  connectedCallback(): void {
    this.ending = new AbortController();
    this.start();
  }

  disconnectedCallback(): void {
    this.ending.abort();
  }

  /** Called each time the element enters the page. */
  protected abstract start(): void;
}
