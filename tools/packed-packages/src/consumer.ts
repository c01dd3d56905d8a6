import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "@relevo/test-run";
import type { PackedPackage } from "./pack.ts";

/**
 * A bare project outside the workspace that has installed one packed package, and with it only what that package
 * declares, optional peers included. Other packages of the workspace come from their tarballs too.
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
    dependencies: { [member.name]: `file:${member.tarball}`, ...member.peers },
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

/**
 * What the compiler says of programs that import each entry, and of the package's own declarations: with the strictest
 * settings, and as most people compile, without `exactOptionalPropertyTypes`.
 */
export async function compileEntries(folder: string, entries: readonly string[]): Promise<readonly string[]> {
  const imports = entries.map((entry, index) => `import * as entry${index} from ${JSON.stringify(entry)};`);
  const uses = entries.map((_, index) => `console.log(Object.keys(entry${index}));`);
  await writeFile(join(folder, "consumer.ts"), [...imports, ...uses, ""].join("\n"));
  const program = optionPrograms[entries[0] ?? ""];
  const problems: string[] = [];
  for (const exact of [true, false]) {
    const files = ["consumer.ts"];
    if (program !== undefined) {
      files.push("options.ts");
      await writeFile(
        join(folder, "options.ts"),
        exact ? `${program.always}${program.exact}` : program.always,
      );
    }
    problems.push(...(await compile(folder, files, exact)));
  }
  return problems;
}

/** What callers may and may not write as options, of the packages whose calls take most of them. */
const optionPrograms: Readonly<Record<string, { readonly always: string; readonly exact: string }>> = {
  "@relevo/core": {
    always: `import type { EventLog } from "@relevo/core";
export async function read(log: EventLog, signal?: AbortSignal, limit?: number, ttlMs?: number | null) {
  const address = { tenant: "t", session: "s" };
  await log.read(address, { signal, limit });
  await log.touch(address, { signal, ttlMs });
  // @ts-expect-error: a misspelt option
  await log.append(address, [], { operationid: "o" });
  // @ts-expect-error: a session has one owner
  await log.list("t", { subject: 7 });
}
`,
    exact: `export async function list(log: EventLog, subject?: string) {
  // @ts-expect-error: undefined would list everybody's sessions
  await log.list("t", { subject });
}
`,
  },
  "@relevo/memory": {
    always: `import type { Tenant } from "@relevo/memory";
export async function remember(tenant: Tenant, signal?: AbortSignal, limit?: number, ttlMs?: number) {
  const session = tenant.session("s", { ttlMs, metadata: undefined });
  await session.messages({ limit, signal });
  await session.working.remember("k", 1, { ttlMs, signal, tags: undefined });
  // @ts-expect-error: a misspelt option
  await session.view({ stategy: undefined });
}
`,
    exact: `export async function list(tenant: Tenant, subject?: string, tier?: "volatile") {
  // @ts-expect-error: undefined would list everybody's sessions
  await tenant.sessions({ subject });
  // @ts-expect-error: undefined would forget everywhere
  await tenant.agent("a").forget("k", { tier });
}
`,
  },
};

async function compile(folder: string, files: readonly string[], exact: boolean): Promise<readonly string[]> {
  const settings = {
    compilerOptions: {
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: exact,
      noEmit: true,
    },
    files,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const { output } = await runCommand("tsc", ["-p", ".", "--pretty", "false"], { cwd: folder });
  // Declarations of packages that are not ours may not stand the strictest settings.
  return output.split("\n").filter((line) => /^(consumer\.ts|options\.ts|.*@relevo[/+])/u.test(line));
}
