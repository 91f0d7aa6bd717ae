// A tenant with places, devices of every state, and a week of measurements.

const minute = 60_000;
const week = 7 * 24 * 60;

const shapes = {
  temperature: (at) => 14 + 6 * Math.sin((at / 1440) * 2 * Math.PI) + Math.sin(at / 37),
  humidity: (at) => 55 - 15 * Math.sin((at / 1440) * 2 * Math.PI),
  power: (at) => Math.max(0, 4200 * Math.sin(((at % 1440) / 1440) * 2 * Math.PI - 1.5)),
};
const units = { temperature: "Cel", humidity: "%RH", power: "W" };

/** Fills the site and returns what the pages' addresses need. */
export async function furnish(site) {
  const space = (name, kind, parent) => site.call("POST", "/api/v1/spaces", { name, class: kind, parent });
  const { id: place } = await space("Plant 1", "Site", null);
  await space("Hall", "Building", "Plant 1");
  await space("Room 2.14", "Room", "Plant 1/Hall");
  await site.call("POST", "/api/v1/assets", { name: "Inverter A", place: "Plant 1" });
  await site.call("POST", "/api/v1/types", { name: "Climate", mode: "open", sensors: [] });
  const meter = { name: "Meter", mode: "fixed", sensors: [{ name: "power", unit: "W", quantity: "ActivePower" }] };
  await site.call("POST", "/api/v1/types", meter);
  const climate = await site.device("room-climate", { place: "Plant 1/Hall/Room 2.14", type: "Climate" });
  const inverter = await site.device("inverter (AC)", { place: "Plant 1/Inverter A" });
  const silent = await site.device("silent-buoy");
  await replay(site, climate, ["temperature", "humidity"], Date.now());
  await replay(site, inverter, ["power"], Date.now() - 60 * minute);
  await site.call("POST", `/api/v1/devices/${climate.id}/measurements`, { window: true, mode: "ventilation, reduced" });
  await site.call("POST", "/api/v1/tokens", { label: "report", days: 7, capabilities: ["read"] });
  const { items } = await site.call("GET", `/api/v1/devices/${climate.id}/sensors`);
  const curves = items.filter(({ name }) => name in shapes);
  return { climate, inverter, silent, place, sensors: curves.map((sensor) => sensor.id) };
}

async function replay(site, device, names, until) {
  const records = [];
  for (let back = week; back >= 0; back -= 15) {
    const at = until - back * minute;
    for (const n of names) records.push({ n, u: units[n], t: at / 1000, v: Number(shapes[n](week - back).toFixed(3)) });
  }
  await site.call("POST", `/api/v1/devices/${device.id}/measurements`, records);
}
