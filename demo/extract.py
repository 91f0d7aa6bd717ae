#!/usr/bin/env python3
"""Cuts the demo's recordings out of the unpacked packages named in README.md.

Usage: extract.py PVANALYTICS PVLIB RIVER [OUT]

Each argument is the folder into which a wheel was unpacked. Written are OUT/*.csv.gz (OUT: this folder), the same bytes
each time. A column `time` holds the recorded wall clock without an offset; the others hold the values as they were
recorded. No value is changed, computed or filled in; rows without any value are left out.
"""

import csv
import datetime
import gzip
import io
import pathlib
import sys

# TMY3 takes each month from another year; here all get this one, which is no leap year.
NOMINAL_YEAR = 1990

WEATHER = {
    "Dry-bulb (C)": "temperature",
    "RHum (%)": "humidity",
    "Wspd (m/s)": "wind_speed",
    "GHI (W/m^2)": "ghi",
    "DNI (W/m^2)": "dni",
    "DHI (W/m^2)": "dhi",
    "Pressure (mbar)": "pressure",
}
ROOM = {"V1": "temperature", "V2": "humidity", "V3": "light", "V4": "co2"}


def solar(package):
    """15-minute AC power of the SERF East array; the offset -07:00 is the same on every row."""
    with open(package / "pvanalytics/data/serf_east_15min_ac_power.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["ac_power"]:
                time = datetime.datetime.fromisoformat(row["measured_on"])
                yield time.replace(tzinfo=None), [row["ac_power"]]


def weather(package):
    """Hourly values of a typical year; an hour is stamped with its end, so 24:00 is the next day's 00:00."""
    with open(package / "pvlib/data/723170TYA.CSV", newline="") as file:
        next(file)  # the station's line
        for row in csv.DictReader(file):
            month, day, _ = row["Date (MM/DD/YYYY)"].split("/")
            hour = int(row["Time (HH:MM)"].split(":")[0])
            date = datetime.datetime(NOMINAL_YEAR, int(month), int(day))
            yield date + datetime.timedelta(hours=hour), [row[name] for name in WEATHER]


def room(package):
    """Every sixteenth minute of an office room in February 2015."""
    with open(package / "river/drift/datasets/occupancy.csv", newline="") as file:
        for row in csv.DictReader(file):
            time = datetime.datetime.fromisoformat(row["time"])
            yield time, [row[name] for name in ROOM]


def write(path, names, rows):
    """Writes one recording, compressed, without a time stamp of the file itself."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["time", *names])
    count = 0
    for time, values in rows:
        out.writerow([time.isoformat(), *values])
        count += 1
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(f"{path.name}: {count} rows, {path.stat().st_size} bytes")


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    pvanalytics, pvlib, river = map(pathlib.Path, sys.argv[1:4])
    out = pathlib.Path(sys.argv[4]) if len(sys.argv) == 5 else pathlib.Path(__file__).parent
    write(out / "serf_east.csv.gz", ["ac_power"], solar(pvanalytics))
    write(out / "greensboro.csv.gz", WEATHER.values(), weather(pvlib))
    write(out / "office_room.csv.gz", ROOM.values(), room(river))


if __name__ == "__main__":
    main()
