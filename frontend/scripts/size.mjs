/**
 * Holds the built pages to their budget: what a page loads, gzipped, in kilobytes (1000 bytes).
 *
 * A page is its entry with everything that it imports before it can show; what it fetches later has a budget of its own.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const web = fileURLToPath(new URL("../../server/lamina_studio/web/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${web}.vite/manifest.json`, "utf8"));

const ENTRY = "index.html";
const BUDGETS = [
  { name: "runs page, scripts", kind: "js", parts: [ENTRY, "src/features/runs/RunsPage.tsx"], most: 180 },
  { name: "runs page, styles", kind: "css", parts: [ENTRY, "src/features/runs/RunsPage.tsx"], most: 25 },
  {
    name: "editor, scripts",
    kind: "js",
    parts: ["src/app/routes/StudioRoute.tsx"],
    without: [ENTRY, chunkNamed("overlays")],
    most: 120,
  },
  {
    name: "overlays, scripts",
    kind: "js",
    parts: [chunkNamed("overlays")],
    without: [ENTRY],
    most: 45,
  },
  {
    name: "live chart, scripts",
    kind: "js",
    parts: ["src/features/run/MetricChart.tsx"],
    without: [ENTRY, "src/app/routes/RunRoute.tsx"],
    most: 35,
  },
];

/** A chunk that the build's configuration names: its key carries a hash. */
function chunkNamed(name) {
  const found = Object.keys(manifest).find((key) => manifest[key].name === name);
  if (!found) throw new Error(`The build has no chunk "${name}".`);
  return found;
}

/** The files that these modules need before they run. */
function filesOf(parts, kind) {
  const files = new Set();
  const seen = new Set();
  const visit = (part) => {
    if (seen.has(part)) return;
    seen.add(part);
    const chunk = manifest[part];
    if (!chunk) throw new Error(`The build has no "${part}": has it moved?`);
    if (kind === "js") files.add(chunk.file);
    else for (const file of chunk.css ?? []) files.add(file);
    for (const imported of chunk.imports ?? []) visit(imported);
  };
  parts.forEach(visit);
  return files;
}

function sizeOf(file) {
  return gzipSync(readFileSync(web + file), { level: 9 }).length / 1000;
}

for (const { name, kind, parts, without = [], most } of BUDGETS) {
  const before = filesOf(without, kind);
  const files = [...filesOf(parts, kind)].filter((file) => !before.has(file));
  const size = files.reduce((sum, file) => sum + sizeOf(file), 0);
  const verdict = size <= most ? "ok" : "TOO LARGE";
  process.stdout.write(`${name.padEnd(22)} ${size.toFixed(1).padStart(7)} kB of ${most}  ${verdict}\n`);
  if (size > most) process.exitCode = 1;
}
