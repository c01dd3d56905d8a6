import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type CheckResult, finishCheck } from "@relevo/test-run";
import { checkPackage } from "./check-package.ts";
import { type PackedPackage, packPackage } from "./pack.ts";
import { findPublicPackages } from "./public-packages.ts";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

const target = await mkdtemp(join(tmpdir(), "relevo-packed-"));
try {
  const packed: PackedPackage[] = [];
  for (const member of await findPublicPackages(root)) packed.push(await packPackage(root, member, target));
  const manifest: { devDependencies: { "@types/node": string } } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  const nodeTypesVersion = manifest.devDependencies["@types/node"];
  const results: CheckResult[] = [];
  for (const member of packed) results.push(await checkPackage(member, packed, nodeTypesVersion, target));
  await finishCheck(join(root, ".reports", "packed-packages.json"), results);
} finally {
  await rm(target, { recursive: true, force: true });
}
