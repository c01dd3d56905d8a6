import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { field, textField } from "./json-fields.ts";

/** A project of the workspace. */
export interface Project {
  readonly name: string;
  /** Folder, relative to the workspace, with `/`. */
  readonly root: string;
  readonly targets: readonly string[];
}

/** The projects of a workspace in the order of their folders, from its list of members and their manifests. */
export async function loadProjects(root: string): Promise<readonly Project[]> {
  const folders = await projectFolders(root);
  return await Promise.all(
    folders.map(async (folder) => {
      const manifest: unknown = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
      const targets = Object.keys(field(field(manifest, "nx"), "targets") ?? {});
      return { name: textField(manifest, "name"), root: folder, targets };
    }),
  );
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
