import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolders } from "@relevo/test-run";

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

/** The links of a document to files of the workspace that are not there. */
export function brokenLinks(root: string, document: string, markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^(\s*)(`{3,})[\s\S]*?^\s*\2\s*$/gmu, "").replaceAll(/`[^`\n]*`/gu, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/gu)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^([a-z]+:|#)/u.test(target))
    .filter((target) => !existsSync(join(root, dirname(document), decodeURI(target.replace(/#.*$/u, "")))))
    .map((target) => `links to ${target}, which does not exist`);
}
