// Bundles the browser's side into dist/, or with --tests the unit tests into a cache folder.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";

const browsers = ["chrome123", "firefox121", "safari17.5"];
const common = { bundle: true, logLevel: "warning", legalComments: "eof" };

async function pages() {
  await rm("dist", { recursive: true, force: true });
  await mkdir("dist", { recursive: true });
  const shared = { ...common, minify: true, target: browsers };
  await build({ ...shared, entryPoints: ["src/app.ts"], outfile: "dist/app.js", format: "esm" });
  await build({ ...shared, entryPoints: ["src/theme.ts"], outfile: "dist/theme.js", format: "iife" });
  await build({ ...shared, entryPoints: ["src/style/app.css"], outfile: "dist/app.css" });
  await copyFile("src/mark.svg", "dist/mark.svg");
}

async function tests() {
  const folder = "node_modules/.cache/roadstead-web-tests";
  await rm(folder, { recursive: true, force: true });
  const files = (await readdir("test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: files.map((name) => `test/${name}`),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    target: "node18",
  });
}

await (process.argv.includes("--tests") ? tests() : pages());
