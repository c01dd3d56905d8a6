import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CommandOptions, type CommandResult, runCommand } from "./command.ts";

/** A small workspace outside the real one, with its settings and its tools, for tests of the tools. */
export interface ScratchWorkspace extends AsyncDisposable {
  readonly root: string;
  /** Adds or replaces files. Paths are relative. */
  write(files: { readonly [path: string]: string }): Promise<void>;
  /** Runs a command in it, as a person would in a fresh shell. */
  run(
    command: string,
    commandArguments: readonly string[],
    options?: Pick<CommandOptions, "env">,
  ): Promise<CommandResult>;
}

const sharedFiles = [
  ".gitignore",
  "biome.json",
  "nx.json",
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.base.json",
  "tsconfig.test.base.json",
  "vitest.config.ts",
  "vitest.slow.config.ts",
  // A plugin that nx.json names, and what it loads.
  "tools/test-run/src/nx-plugin.mjs",
  "tools/test-run/src/projects.ts",
  "tools/test-run/src/json-fields.ts",
  "tools/test-run/src/test-groups.ts",
  "tools/test-run/src/test-targets.ts",
];

export interface ScratchOptions {
  /** Folders of the workspace that are copied, without what was installed or built in them. */
  readonly copied?: readonly string[];
  /** Whether the tools of the workspace are there; true when left out. Never install into a workspace that has them. */
  readonly tools?: boolean;
}

/** Makes a scratch workspace with the settings of this one. */
export async function createScratchWorkspace(
  workspace: string,
  { copied = [], tools = true }: ScratchOptions = {},
): Promise<ScratchWorkspace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "relevo-scratch-")));
  for (const name of sharedFiles) await cp(join(workspace, name), join(root, name));
  for (const folder of copied) {
    const filter = (source: string) => !/[/\\](node_modules|dist|\.reports)$/u.test(source);
    await cp(join(workspace, folder), join(root, folder), { recursive: true, filter });
  }
  if (tools) await symlink(join(workspace, "node_modules"), join(root, "node_modules"), "junction");
  const env = freshEnvironment();
  // Biome reads what Git ignores.
  await runCommand("git", ["init", "--quiet"], { cwd: root });
  return {
    root,
    write: async (files) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
    },
    run: (command, commandArguments, options = {}) =>
      runCommand(command, commandArguments, { cwd: root, env: { ...env, ...options.env } }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Takes away what the Nx and the Vitest that run the test tell their children. */
function freshEnvironment(): { readonly [name: string]: string | undefined } {
  const inherited = Object.keys(process.env).filter((name) =>
    /^(NX_|VITEST|TEST$|NODE_ENV$|RELEVO_TASKS_FILE$)/u.test(name),
  );
  return {
    ...Object.fromEntries(inherited.map((name) => [name, undefined])),
    NX_DAEMON: "false",
    NX_TUI: "false",
  };
}
