import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolders } from "@relevo/test-run";
import type { PlacedSnippet } from "./place-snippets.ts";

/** What snippets printed in the last run that were as their documents say, so that an unchanged one need not run. */
export interface KeptOutputs {
  /** What the snippet prints; `undefined` when it has to run. */
  get(snippet: PlacedSnippet): string | undefined;
  add(snippet: PlacedSnippet, output: string): void;
  /** Writes what was found and added, and forgets the rest. */
  save(): Promise<void>;
}

/**
 * The outputs in a file that Git ignores. One counts for as long as nothing changes that decides it: the code, what is
 * built of the packages that it names and of what those depend on, the lockfile, Node.js, and this tool.
 */
export async function openKeptOutputs(root: string): Promise<KeptOutputs> {
  const path = join(root, ".relevo", "snippet-outputs.json");
  const known = await readOutputs(path);
  const kept = new Map<string, string>();
  const packages = await readPackages(root);
  const common = hashOf([
    process.version,
    process.platform,
    process.arch,
    await contentOf(import.meta.dirname),
    await readFile(join(root, "pnpm-lock.yaml"), "utf8"),
  ]);

  function keyOf({ code, file }: PlacedSnippet): string | undefined {
    // What such a snippet prints depends on more than files.
    if (code.includes("process.env")) return undefined;
    const named = [...code.matchAll(/@relevo\/[\w-]+/gu)].map(([name]) => name);
    const built = [...withDependencies(named, packages)].map((name) => packages.get(name)?.built);
    if (built.includes(undefined)) return undefined;
    // Each project's snippets find the versions that the project itself has installed.
    return hashOf([common, dirname(file), code, ...built.map(String).sort()]);
  }

  return {
    get(snippet) {
      const key = keyOf(snippet);
      const output = key === undefined ? undefined : known.get(key);
      if (key !== undefined && output !== undefined) kept.set(key, output);
      return output;
    },
    add(snippet, output) {
      const key = keyOf(snippet);
      if (key !== undefined) kept.set(key, output);
    },
    async save() {
      await mkdir(dirname(path), { recursive: true });
      // Whole or not at all.
      await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries(kept)));
      await rename(`${path}.new`, path);
    },
  };
}

interface WorkspacePackage {
  readonly dependencies: readonly string[];
  /** A hash of what its users load; `undefined` when nothing is built. */
  readonly built: string | undefined;
}

async function readPackages(root: string): Promise<ReadonlyMap<string, WorkspacePackage>> {
  const packages = new Map<string, WorkspacePackage>();
  for (const folder of await projectFolders(root)) {
    const text = await readFile(join(root, folder, "package.json"), "utf8");
    const { name, dependencies, peerDependencies, optionalDependencies } = JSON.parse(text);
    const dist = join(root, folder, "dist");
    packages.set(name, {
      dependencies: Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }),
      built: existsSync(dist) ? hashOf([name, text, await contentOf(dist)]) : undefined,
    });
  }
  return packages;
}

/** The packages of the workspace among these and all that they depend on; one that is not there stays in. */
function withDependencies(
  names: readonly string[],
  packages: ReadonlyMap<string, WorkspacePackage>,
): ReadonlySet<string> {
  const found = new Set(names);
  // What is added while a set is walked is visited too.
  for (const name of found)
    for (const dependency of packages.get(name)?.dependencies ?? [])
      if (packages.has(dependency)) found.add(dependency);
  return found;
}

/** A hash of the files of a folder that Node.js can load, and their names. */
async function contentOf(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.(d\.m?ts|map|tsbuildinfo)$/u.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const contents = await Promise.all(names.map((name) => readFile(name, "utf8")));
  return hashOf(names.flatMap((name, index) => [name.slice(folder.length), contents[index] ?? ""]));
}

const hashOf = (texts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex");

/** None when there is no such file, or it is not one of ours. */
async function readOutputs(path: string): Promise<ReadonlyMap<string, string>> {
  try {
    const stored: unknown = JSON.parse(await readFile(path, "utf8"));
    return new Map(Object.entries(stored ?? {}).filter(([, output]) => typeof output === "string"));
  } catch {
    return new Map();
  }
}
