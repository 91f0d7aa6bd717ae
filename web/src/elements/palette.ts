// Colours and font of charts, read from the style sheet as it applies now.

export interface Palette {
  readonly series: readonly string[];
  readonly text: string;
  readonly grid: string;
  readonly font: string;
}

/** How many series colours the style sheet defines. */
export const colourCount = 8;

/** Resolves the custom properties; a canvas knows neither `var()` nor `light-dark()`. */
export function readPalette(host: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    series: Array.from({ length: colourCount }, (_, i) => colour(`--series-${i}`)),
    text: colour("--muted"),
    grid: colour("--grid"),
    font: `12px ${getComputedStyle(host).fontFamily}`,
  };
  probe.remove();
  return palette;
}

/** The same colour, more transparent. Computed colours come as `rgb(r, g, b)` or `color(… / a)`. */
export function faded(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${Math.round(alpha * 100)}%, transparent)`;
}
