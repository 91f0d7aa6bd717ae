// Everything the pages use beyond HTML. Each element improves markup that already reads without it.

import { Ago } from "./elements/ago";
import { ApiExplorer } from "./elements/api-explorer";
import { Chart } from "./elements/chart";
import { Compare } from "./elements/compare";
import { Confirm } from "./elements/confirm";
import { Connection } from "./elements/connection";
import { Copy } from "./elements/copy";
import { Device } from "./elements/device";
import { Devices } from "./elements/devices";
import { LinkSecret } from "./elements/link-secret";
import { Menu } from "./elements/menu";
import { Prose } from "./elements/prose";
import { Sparkline } from "./elements/sparkline";
import { Theme } from "./elements/theme";
import { Tiles } from "./elements/tiles";
import { LiveValue } from "./elements/value";
import { Waiting } from "./elements/waiting";

const elements: Readonly<Record<string, CustomElementConstructor>> = {
  "rs-ago": Ago,
  "rs-api-explorer": ApiExplorer,
  "rs-chart": Chart,
  "rs-compare": Compare,
  "rs-confirm": Confirm,
  "rs-connection": Connection,
  "rs-copy": Copy,
  "rs-device": Device,
  "rs-devices": Devices,
  "rs-link-secret": LinkSecret,
  "rs-menu": Menu,
  "rs-prose": Prose,
  "rs-sparkline": Sparkline,
  "rs-theme": Theme,
  "rs-tiles": Tiles,
  "rs-value": LiveValue,
  "rs-waiting": Waiting,
};

for (const [name, element] of Object.entries(elements)) customElements.define(name, element);

// On phones the navigation scrolls sideways; the current page must be in sight.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
