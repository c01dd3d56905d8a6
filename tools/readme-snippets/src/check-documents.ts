import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CheckResult, projectFolders } from "@relevo/test-run";
import { type CheckSnippetsOptions, checkSnippets } from "./check-snippets.ts";
import { brokenLinks, findDocuments, uninstalled } from "./documents.ts";
import { extractSnippets, type Snippet } from "./extract.ts";
import { createSnippetServices } from "./services.ts";

/**
 * Checks every document of a workspace: its links to files, whether what its snippets import is installed by what it says, and
 * the snippets, which may take so long together.
 */
export async function checkDocuments(
  root: string,
  options: Omit<CheckSnippetsOptions, "services">,
): Promise<readonly CheckResult[]> {
  const folders = await projectFolders(root);
  const results: CheckResult[] = [];
  const snippets = new Map<string, Snippet[]>();
  for (const document of await findDocuments(root)) {
    const markdown = await readFile(join(root, document), "utf8");
    const found = extractSnippets(document, markdown);
    const readme = join(root, dirname(document), "README.md");
    const beside = existsSync(readme) ? await readFile(readme, "utf8") : "";
    const problems = [...brokenLinks(root, document, markdown), ...uninstalled(found, markdown, beside)];
    results.push({ name: `${document}: links`, passed: problems.length === 0, problems });
    const project = folders.find((folder) => document.startsWith(`${folder}/`)) ?? "";
    if (found.length > 0) snippets.set(project, [...(snippets.get(project) ?? []), ...found]);
  }
  if (snippets.size === 0) return results;
  await using services = createSnippetServices();
  return [...results, ...(await checkSnippets(root, snippets, { services, ...options }))];
}
