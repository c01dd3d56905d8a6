import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectFolders } from "@relevo/test-run";
import type { Snippet } from "./extract.ts";
import { importsOf, importsSuffix } from "./snippet-imports.ts";

/** A snippet with the file it was written to, relative to the folder of all. */
export interface PlacedSnippet extends Snippet {
  readonly file: string;
}

/**
 * Writes the snippets of each project's documents into a folder that stands to the packages as a reader's project
 * does: it finds all of them by name, and what the documented project itself depends on. Inside the workspace, so
 * that the compiler and the types of Node.js are found as well. The settings above them are for all.
 */
export async function placeSnippets(
  root: string,
  snippets: ReadonlyMap<string, readonly Snippet[]>,
): Promise<{ readonly folder: string; readonly placed: readonly PlacedSnippet[] }> {
  const folder = join(root, ".relevo", "snippets");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(compilerSettings));
  const placed: PlacedSnippet[] = [];
  for (const [project, ofProject] of snippets) {
    const own = project === "" ? "workspace" : project.replaceAll("/", "-");
    await linkPackages(root, project, join(folder, own, "node_modules"));
    for (const snippet of ofProject) {
      const name = `${snippet.document.replaceAll(/[^\w.-]/gu, "-")}-line-${snippet.line}.ts`;
      await writeFile(join(folder, own, name), `${snippet.code}\n`);
      await writeFile(join(folder, own, `${name}${importsSuffix}`), importsOf(snippet.code));
      placed.push({ ...snippet, file: `${own}/${name}` });
    }
  }
  return { folder, placed };
}

const compilerSettings = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable", "dom"],
    module: "nodenext",
    moduleDetection: "force",
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["*/*.ts"],
};

async function linkPackages(root: string, project: string, modules: string): Promise<void> {
  await mkdir(modules, { recursive: true });
  for (const member of await projectFolders(root)) {
    const { name } = JSON.parse(await readFile(join(root, member, "package.json"), "utf8"));
    await link(join(root, member), join(modules, name));
  }
  if (project === "") return;
  const own = join(root, project, "node_modules");
  for (const name of existsSync(own) ? await installedNames(own) : []) {
    await link(join(own, name), join(modules, name));
  }
}

async function installedNames(modules: string): Promise<readonly string[]> {
  const names = (await readdir(modules)).filter((name) => !name.startsWith("."));
  const scoped = names.filter((name) => name.startsWith("@"));
  const inScopes = await Promise.all(
    scoped.map(async (scope) => (await readdir(join(modules, scope))).map((name) => `${scope}/${name}`)),
  );
  return [...names.filter((name) => !name.startsWith("@")), ...inScopes.flat()];
}

async function link(target: string, path: string): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path, "junction");
}
