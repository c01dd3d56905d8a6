import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "@relevo/test-run";
import type { PackedPackage } from "./pack.ts";

/**
 * A bare project outside the workspace that has installed one packed package, and with it only what that package
 * declares. Other packages of the workspace come from their tarballs too.
 *
 * @throws Error with what pnpm printed when the package cannot be installed.
 */
export async function installPacked(
  member: PackedPackage,
  all: readonly PackedPackage[],
  nodeTypesVersion: string,
  target: string,
): Promise<string> {
  const folder = await mkdtemp(join(target, "consumer-"));
  const manifest = {
    private: true,
    type: "module",
    dependencies: { [member.name]: `file:${member.tarball}` },
    devDependencies: { "@types/node": nodeTypesVersion },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const overrides = all.map(
    ({ name, tarball }) => `  ${JSON.stringify(name)}: ${JSON.stringify(`file:${tarball}`)}`,
  );
  await writeFile(join(folder, "pnpm-workspace.yaml"), `overrides:\n${overrides.join("\n")}\n`);
  const install = ["install", "--prefer-offline", "--ignore-scripts", "--no-frozen-lockfile"];
  const { code, output } = await runCommand("pnpm", install, { cwd: folder });
  if (code !== 0) throw new Error(`pnpm install failed:\n${output}`);
  return folder;
}

/** What goes wrong when a program imports each entry. */
export async function importEntries(folder: string, entries: readonly string[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const entry of entries) {
    const program = `const names = Object.keys(await import(${JSON.stringify(entry)}));
if (names.length === 0) throw new Error("exports nothing");`;
    const { code, output } = await runCommand("node", ["--input-type=module", "--eval", program], {
      cwd: folder,
    });
    if (code !== 0) problems.push(`import ${entry}:\n${output.trimEnd()}`);
  }
  return problems;
}

/** What the compiler says of a strict program that imports each entry, and of the package's own declarations. */
export async function compileEntries(folder: string, entries: readonly string[]): Promise<readonly string[]> {
  const imports = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};`);
  const uses = entries.map((_, index) => `console.log(Object.keys(entry${index}));`);
  await writeFile(join(folder, "consumer.ts"), [...imports, ...uses, ""].join("\n"));
  const settings = {
    compilerOptions: {
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    },
    files: ["consumer.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const { output } = await runCommand("tsc", ["-p", ".", "--pretty", "false"], { cwd: folder });
  // Declarations of packages that are not ours may not stand the strictest settings.
  return output.split("\n").filter((line) => /^(consumer\.ts|.*@relevo[/+])/u.test(line));
}
