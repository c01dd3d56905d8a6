import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CheckResult, projectFolders } from "@relevo/test-run";
import { type CheckSnippetsOptions, checkSnippets } from "./check-snippets.ts";
import { brokenLinks, findDocuments } from "./documents.ts";
import { extractSnippets, type Snippet } from "./extract.ts";
import { createSnippetServices } from "./services.ts";

/** Checks every document of a workspace: its links to files, and its snippets, which may take so long together. */
export async function checkDocuments(
  root: string,
  options: Omit<CheckSnippetsOptions, "services">,
): Promise<readonly CheckResult[]> {
  const folders = await projectFolders(root);
  const results: CheckResult[] = [];
  const snippets = new Map<string, Snippet[]>();
  for (const document of await findDocuments(root)) {
    const markdown = await readFile(join(root, document), "utf8");
    const problems = brokenLinks(root, document, markdown);
    results.push({ name: `${document}: links`, passed: problems.length === 0, problems });
    const project = folders.find((folder) => document.startsWith(`${folder}/`)) ?? "";
    const found = extractSnippets(document, markdown);
    if (found.length > 0) snippets.set(project, [...(snippets.get(project) ?? []), ...found]);
  }
  if (snippets.size === 0) return results;
  await using services = createSnippetServices();
  return [...results, ...(await checkSnippets(root, snippets, { services, ...options }))];
}
