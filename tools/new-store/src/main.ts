import { spawnSync } from "node:child_process";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { nameProblem } from "./store-name.ts";
import { writeStore } from "./write-store.ts";

const usage = `Makes the skeleton of a store package.

  pnpm new-store NAME [--no-install]

NAME          such as redis: makes packages/store-redis
--no-install  does not link the new package
`;

process.exitCode = await main();

/** What was asked for, or what is wrong with it. */
function commandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      allowNegative: true,
      options: { root: { type: "string" }, install: { type: "boolean" }, help: { type: "boolean" } },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<number> {
  const given = commandLine();
  if (typeof given === "string") return print(`${given}\n\n${usage}`, 2);
  const { values, positionals } = given;
  if (values.help === true) return print(usage, 0);
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) return print(usage, 2);
  const problem = nameProblem(name);
  if (problem !== undefined) return print(problem, 2);

  const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));
  const folder = join(root, "packages", `store-${name}`);
  try {
    const files = await writeStore(name, folder);
    console.log(`Made ${relative(root, folder)} with ${files.length} files.`);
  } catch (error) {
    return print(error instanceof Error ? error.message : String(error), 1);
  }

  if (values.install === false) {
    console.log("Not linked yet: run `pnpm install`.");
  } else {
    const linked = run(root, "pnpm", ["install", "--no-frozen-lockfile"], "inherit");
    if (!linked) return print("The package was made but not linked: run `pnpm install`.", 1);
  }
  // What a name does to the order of imports and to long lines, the formatter settles.
  const formatted = run(root, "biome", ["check", "--write", "--colors=off", folder], "ignore");
  if (!formatted) console.log("Not formatted yet: run `pnpm format`.");
  console.log(`
Next, in ${relative(root, folder)}:
  pnpm nx run @relevo/store-${name}:test    red: each method says that it is not written yet
  docs/adding-a-store.md                    the way from there to green`);
  return 0;
}

function print(message: string, exitCode: number): number {
  (exitCode === 0 ? console.log : console.error)(message);
  return exitCode;
}

function run(
  cwd: string,
  command: string,
  commandArguments: readonly string[],
  stdio: "inherit" | "ignore",
): boolean {
  return spawnSync(command, commandArguments, { cwd, stdio }).status === 0;
}
