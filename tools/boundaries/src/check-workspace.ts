import { join } from "node:path";
import { type CheckResult, loadProjects } from "@relevo/test-run";
import { checkCycles } from "./check-cycles.ts";
import { checkFileLength } from "./check-file-length.ts";
import { checkImports } from "./check-imports.ts";
import { readManifest } from "./manifest.ts";
import { readSourceFiles } from "./source-files.ts";

/** Checks imports, import cycles and file length of every project of a workspace. */
export async function checkWorkspace(root: string): Promise<readonly CheckResult[]> {
  const members = await Promise.all(
    (await loadProjects(root)).map(async (project) => ({
      ...project,
      manifest: await readManifest(join(root, project.root)),
      files: await readSourceFiles(join(root, project.root)),
    })),
  );
  const shared = (await readManifest(root)).development;
  return members.flatMap((member) => [
    result(`${member.root}: imports`, checkImports(member, members, shared)),
    result(`${member.root}: import cycles`, checkCycles(member.files)),
    result(`${member.root}: file length`, checkFileLength(member.files)),
  ]);
}

function result(name: string, problems: readonly string[]): CheckResult {
  return { name, passed: problems.length === 0, problems };
}
