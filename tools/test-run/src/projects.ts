import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { field, textField } from "./json-fields.ts";
import { type Member, type TestGroup, type Tier, testGroups } from "./test-groups.ts";

/** A project of the workspace. */
export interface Project {
  readonly name: string;
  /** Folder, relative to the workspace, with `/`. */
  readonly root: string;
  /** The targets that its manifest names. */
  readonly targets: readonly string[];
  /** What runs its test files, each in one group; none when a tier has no files. */
  readonly groups: { readonly [tier in Tier]: readonly TestGroup[] };
}

/** The projects of a workspace in the order of their folders, from its list of members and their manifests. */
export async function loadProjects(root: string): Promise<readonly Project[]> {
  const read = await Promise.all(
    (await projectFolders(root)).map(async (folder) => {
      const manifest: unknown = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
      return { folder, manifest, name: textField(manifest, "name") };
    }),
  );
  const names = new Set(read.map(({ name }) => name));
  const named = (manifest: unknown, ...fields: readonly string[]) =>
    fields.flatMap((name) => Object.keys(field(manifest, name) ?? {})).filter((name) => names.has(name));
  const members = new Map<string, Member>(
    read.map(({ folder, manifest, name }) => {
      const production = named(manifest, "dependencies", "peerDependencies", "optionalDependencies");
      return [name, { name, root: folder, production, development: named(manifest, "devDependencies") }];
    }),
  );
  return read.map(({ folder, manifest, name }) => {
    const declared = field(field(manifest, "nx"), "targets") ?? {};
    // What a manifest says of a target holds for all of its files.
    const groups = (tier: Tier) => testGroups(root, name, members, tier, field(declared, tier) !== undefined);
    const targets = Object.keys(declared);
    return { name, root: folder, targets, groups: { test: groups("test"), slow: groups("slow") } };
  });
}

/** The folders of a workspace's projects, relative to it, in their order. */
export async function projectFolders(root: string): Promise<readonly string[]> {
  const patterns = memberPatterns(await readFile(join(root, "pnpm-workspace.yaml"), "utf8"));
  const excluded = new Set(patterns.filter((pattern) => pattern.startsWith("!")).map((p) => p.slice(1)));
  const manifests = patterns.filter((p) => !p.startsWith("!")).map((p) => `${p}/package.json`);
  const folders: string[] = [];
  for await (const manifest of glob(manifests, { cwd: root })) {
    folders.push(dirname(manifest).replaceAll("\\", "/"));
  }
  return folders.filter((folder) => !excluded.has(folder)).sort();
}

/** What stands under `packages:` in the settings of pnpm. */
export function memberPatterns(settings: string): readonly string[] {
  const block = /^packages:\r?\n((?:[ \t]+.*\r?\n|\r?\n)*)/mu.exec(`${settings}\n`)?.[1] ?? "";
  return [...block.matchAll(/^\s*- *(["']?)(.+?)\1\s*$/gmu)].map((match) => match[2] ?? "");
}
