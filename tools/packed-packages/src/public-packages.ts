import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A package that people install. */
export interface PublicPackage {
  readonly name: string;
  /** Folder, relative to the workspace. */
  readonly folder: string;
  /** What can be imported: `@relevo/core`, `@relevo/core/testing`. */
  readonly entries: readonly string[];
  /** What it expects beside it, by range; some entries may need one that is optional. */
  readonly peers: { readonly [name: string]: string };
}

/** The packages of a workspace that are not private, by folder. */
export async function findPublicPackages(root: string): Promise<readonly PublicPackage[]> {
  const found: PublicPackage[] = [];
  for (const name of (await readdir(join(root, "packages"))).sort()) {
    const folder = `packages/${name}`;
    const manifest: {
      name: string;
      private?: boolean;
      exports?: { [entry: string]: unknown };
      peerDependencies?: { [name: string]: string };
    } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
    if (manifest.private === true) continue;
    const entries = Object.keys(manifest.exports ?? {})
      .filter((entry) => !entry.includes("*") && !entry.endsWith(".json"))
      .map((entry) => manifest.name + entry.slice(1));
    found.push({ name: manifest.name, folder, entries, peers: manifest.peerDependencies ?? {} });
  }
  return found;
}
