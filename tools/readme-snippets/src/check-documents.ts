import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckResult } from "@relevo/test-run";
import { checkSnippets } from "./check-snippets.ts";
import { brokenLinks, findDocuments, projectFolders } from "./documents.ts";
import { extractSnippets, type Snippet } from "./extract.ts";
import { createSnippetServices } from "./services.ts";

/** Checks every document of a workspace: its links to files, and its snippets. */
export async function checkDocuments(root: string): Promise<readonly CheckResult[]> {
  const folders = await projectFolders(root);
  const results: CheckResult[] = [];
  const snippets = new Map<string, Snippet[]>();
  for (const document of await findDocuments(root)) {
    const markdown = await readFile(join(root, document), "utf8");
    const problems = brokenLinks(root, document, markdown);
    results.push({ name: `${document}: links`, passed: problems.length === 0, problems });
    const project = folders.find((folder) => document.startsWith(`${folder}/`)) ?? "";
    const known = snippets.get(project) ?? [];
    snippets.set(project, [...known, ...extractSnippets(document, markdown)]);
  }
  await using services = createSnippetServices();
  for (const [project, ofProject] of snippets) {
    if (ofProject.length > 0) results.push(...(await checkSnippets(root, project, ofProject, services)));
  }
  return results;
}
