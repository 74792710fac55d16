/** Fails when `src/api/schema.d.ts` is not what `openapi.json` generates. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lamina-client-"));
try {
  const fresh = join(folder, "schema.d.ts");
  const generator = here("../tools/codegen/node_modules/.bin/openapi-typescript");
  execFileSync(generator, [here("../openapi.json"), "--output", fresh], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (readFileSync(fresh, "utf8") !== readFileSync(here("../src/api/schema.d.ts"), "utf8")) {
    process.stderr.write("src/api/schema.d.ts is not what openapi.json generates: run `npm run client`.\n");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
