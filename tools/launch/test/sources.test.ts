import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");
const sources = new URL("../src/sources.mjs", import.meta.url).href;

/** Where a module in the folder finds what it imports, below the root. */
async function resolveFrom(folder: string, specifier: string) {
  const program = `console.log(import.meta.resolve(${JSON.stringify(specifier)}))`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", sources, "--input-type=module", "--eval", program],
    { cwd: join(root, folder) },
  );
  return stdout.trim().split("/node_modules/").at(-1)?.replace(`file://${root}/`, "");
}

it.each([
  ["@relevo/core", "packages/core/src/index.ts"],
  ["@relevo/core/store", "packages/core/src/store/index.ts"],
  ["@relevo/store-postgres", "packages/store-postgres/src/index.ts"],
])("%s is imported from its source", async (specifier, source) => {
  expect(await resolveFrom("apps/lead-pipeline", specifier)).toBe(source);
});

it("a package gets from the application what only that has installed, as a peer dependency", async () => {
  expect(await resolveFrom("packages/core", "commander")).toMatch(/^commander\//u);
});

it("what nobody has installed is missing", async () => {
  await expect(resolveFrom("packages/core", "not-installed-anywhere")).rejects.toThrow(
    "ERR_MODULE_NOT_FOUND",
  );
});
