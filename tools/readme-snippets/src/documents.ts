import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolders } from "@relevo/test-run";
import type { Snippet } from "./extract.ts";

/** The documents of a workspace, relative to it: its own, those in `docs`, and those in the folder of every project. */
export async function findDocuments(root: string): Promise<readonly string[]> {
  const own = await documentsIn(root, "");
  const docs = existsSync(join(root, "docs"))
    ? (await readdir(join(root, "docs"), { recursive: true })).filter((name) => name.endsWith(".md"))
    : [];
  const projects = await projectFolders(root);
  const ofProjects = await Promise.all(projects.map((folder) => documentsIn(root, `${folder}/`)));
  return [...own, ...docs.map((name) => `docs/${name}`), ...ofProjects.flat()].sort();
}

async function documentsIn(root: string, folder: string): Promise<readonly string[]> {
  const names = await readdir(join(root, folder));
  return names.filter((name) => name.endsWith(".md")).map((name) => `${folder}${name}`);
}

/**
 * The packages that blocks import and a reader has not installed: neither the document nor the README.md beside it has them
 * in an `npm install`. Without any, nothing is said of how to install, and nothing is missing.
 */
export function uninstalled(snippets: readonly Snippet[], ...texts: readonly string[]): readonly string[] {
  const installs = texts.flatMap((text) => [...text.matchAll(/npm install ([^\n`#]*)/gu)]);
  const installed = new Set(installs.flatMap(([, names = ""]) => names.trim().split(/\s+/u)));
  if (installed.size === 0) return [];
  const imported = snippets.flatMap(({ code }) => [
    ...code.matchAll(/^(?:import|\} from)\b[^"\n]*"([^"]+)"/gmu),
  ]);
  const packages = new Set(imported.map(([, name = ""]) => /^(?:@[^/]+\/)?[^/]+/u.exec(name)?.[0] ?? name));
  return [...packages]
    .filter((name) => !name.startsWith("node:") && !name.startsWith(".") && !installed.has(name))
    .map((name) => `imports ${name}, which no npm install in it or in the README.md beside it names`);
}

/** The links of a document to files of the workspace that are not there. */
export function brokenLinks(root: string, document: string, markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^(\s*)(`{3,})[\s\S]*?^\s*\2\s*$/gmu, "").replaceAll(/`[^`\n]*`/gu, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^([a-z]+:|#)/u.test(target))
    .filter((target) => !existsSync(join(root, dirname(document), decodeURI(target.replace(/#.*$/u, "")))))
    .map((target) => `links to ${target}, which does not exist`);
}
