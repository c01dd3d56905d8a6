import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CheckResult, runCommand } from "@relevo/test-run";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { compileEntries, importEntries, installPacked } from "./consumer.ts";
import type { PackedPackage } from "./pack.ts";

const requiredFiles = ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts"];

/** Everything that a person who installs the package would trip over. */
export async function checkPackage(
  member: PackedPackage,
  all: readonly PackedPackage[],
  nodeTypesVersion: string,
  target: string,
): Promise<CheckResult> {
  const problems = [
    ...requiredFiles
      .filter((path) => !member.files.includes(path))
      .map((path) => `the tarball has no ${path}`),
    ...member.files.filter(isLeftOver).map((path) => `the tarball has ${path}, which is of no use to anyone`),
    ...(await lintPackage(member)),
    ...(await checkTypes(member)),
  ];
  try {
    const folder = await installPacked(member, all, nodeTypesVersion, target);
    problems.push(...(await importEntries(folder, member.entries)));
    problems.push(...(await compileEntries(folder, member.entries)));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return { name: member.name, passed: problems.length === 0, problems };
}

function isLeftOver(path: string): boolean {
  return path.includes(".tsbuildinfo") || path.startsWith("test/") || path.startsWith(".");
}

async function lintPackage({ tarball }: PackedPackage): Promise<readonly string[]> {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function checkTypes({ tarball }: PackedPackage): Promise<readonly string[]> {
  const tool = join(import.meta.dirname, "..", "node_modules", ".bin", "attw");
  const { code, output } = await runCommand(
    tool,
    [tarball, "--profile", "esm-only", "--format", "ascii", "--no-color", "--no-emoji"],
    { cwd: import.meta.dirname },
  );
  return code === 0 ? [] : [`are the types wrong: ${output.trim()}`];
}
