// Live measurements: one event stream per query, shared by every element of the page.

export interface Measurement {
  readonly position: number;
  readonly device: string;
  readonly sensor: string;
  readonly name: string;
  readonly time: string;
  readonly value: unknown;
  readonly unit?: string | null;
  readonly quality?: string;
}

export type Link = "connecting" | "open" | "lost";

export interface Listener {
  /** Everything that arrived since the last frame. */
  readonly values?: (batch: readonly Measurement[]) => void;
  /** Values were left out: as many as the server says, or 0 when nobody counted. */
  readonly gap?: (missed: number) => void;
  readonly link?: (state: Link) => void;
}

/** Reads the data of a `measurement` or `measurements` event. */
export function readBatch(data: string): Measurement[] {
  const body = JSON.parse(data) as Measurement | { measurements: Measurement[] };
  return "measurements" in body ? body.measurements : [body];
}

const batchLimit = 5_000;

class Stream {
  readonly listeners = new Set<Listener>();
  state: Link = "connecting";
  private source: EventSource;
  private retry = 0;
  private pause = 2_000;
  private position = "";
  private waiting: Measurement[] = [];
  private missed: number | undefined;
  private timer = 0;

  constructor(private readonly query: string) {
    this.source = this.connect();
  }

  close(): void {
    this.source.close();
    clearTimeout(this.timer);
    clearTimeout(this.retry);
  }

  private connect(): EventSource {
    const query = new URLSearchParams(this.query);
    if (this.position) query.set("position", String(Number(this.position) + 1));
    const source = new EventSource(`/api/v1/live?${query}`);
    source.addEventListener("open", () => this.opened());
    source.addEventListener("error", () => this.lost(source));
    const take = (event: MessageEvent<string>) => {
      this.position = event.lastEventId;
      this.take(readBatch(event.data));
    };
    source.addEventListener("measurement", take);
    source.addEventListener("measurements", take);
    source.addEventListener("gap", (event: MessageEvent<string>) => {
      this.missed = (this.missed ?? 0) + ((JSON.parse(event.data) as { missed?: number }).missed ?? 0);
      this.schedule();
    });
    return source;
  }

  // Without a position there was nothing to resume from: what came meanwhile is not known.
  private opened(): void {
    this.pause = 2_000;
    if (this.state === "lost" && !this.position) {
      this.missed ??= 0;
      this.schedule();
    }
    this.tell("open");
  }

  // The browser reconnects by itself and resumes by position, unless the server answered with an error:
  // then it gives up, and we go on with a new source, less and less often.
  private lost(source: EventSource): void {
    this.tell("lost");
    if (source.readyState !== EventSource.CLOSED) return;
    this.retry = window.setTimeout(() => {
      this.source = this.connect();
    }, this.pause);
    this.pause = Math.min(this.pause * 2, 60_000);
  }

  private tell(state: Link): void {
    this.state = state;
    for (const listener of this.listeners) listener.link?.(state);
  }

  // A timer and not a frame: hidden pages get no frames, and would pile up values.
  private schedule(): void {
    this.timer ||= window.setTimeout(() => this.flush(), 50);
  }

  private take(batch: readonly Measurement[]): void {
    this.waiting.push(...batch);
    if (this.waiting.length > batchLimit) this.flush();
    else this.schedule();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    const batch = this.waiting;
    const missed = this.missed;
    this.waiting = [];
    this.missed = undefined;
    for (const listener of this.listeners) {
      if (batch.length > 0) listener.values?.(batch);
      if (missed !== undefined) listener.gap?.(missed);
    }
  }
}

const streams = new Map<string, Stream>();

/** Listens to a stream until the signal; the stream closes with its last listener. */
export function subscribe(query: string, signal: AbortSignal, listener: Listener): void {
  const stream = streams.get(query) ?? new Stream(query);
  streams.set(query, stream);
  stream.listeners.add(listener);
  listener.link?.(stream.state);
  signal.addEventListener("abort", () => {
    stream.listeners.delete(listener);
    if (stream.listeners.size > 0) return;
    stream.close();
    streams.delete(query);
  });
}

/** The query that fits where an element stands: its device, or everything. */
export function queryOf(element: Element): string {
  const device = element.closest("[device]:is(rs-device, rs-waiting, rs-connection)")?.getAttribute("device");
  return device ? `device=${encodeURIComponent(device)}` : "";
}
