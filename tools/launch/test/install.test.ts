import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ensureInstalled, installationStamp, type Scope } from "../src/install.mjs";
import { StepError } from "../src/step.mjs";

let root: string;
let lines: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "relevo-install-"));
  lines = [];
  await write("package.json", JSON.stringify({ devDependencies: { pnpm: "1.2.3" } }));
  await write("pnpm-lock.yaml", "lock\n");
  await write("pnpm-workspace.yaml", "packages: []\n");
  await write("packages/core/package.json", "{}");
  await write("node_modules/.bin/node", "#!/bin/sh\n");
  await writeTool("pnpm", 'echo "$@" >> calls');
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, content: string) {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), content);
}

/** A tool that is found first on the path. */
async function writeTool(name: string, script: string) {
  const path = `node_modules/.bin/${name}`;
  await write(path, `#!/bin/sh\n${script}\n`);
  await chmod(join(root, path), 0o755);
}

function install(scope: Scope = "workspace") {
  return ensureInstalled(root, scope, (line) => lines.push(line));
}

async function calls() {
  return (await readFile(join(root, "calls"), "utf8")).trimEnd().split("\n");
}

it("installs what the lockfile says once, and again only when that may have changed", async () => {
  await install();
  await install();
  expect(await calls()).toEqual(["install --frozen-lockfile --trust-lockfile"]);
  expect(lines).toEqual([
    "  … install packages",
    expect.stringMatching(/^ {2}✔ install packages {2}\d+\.\d s$/u),
  ]);

  await write("packages/core/package.json", '{ "version": "2.0.0" }');
  await install();
  expect(await calls()).toHaveLength(2);
});

it("installs for the lead pipeline what it needs, and everything when that is wanted", async () => {
  const pnpm = join(root, "node_modules/.bin/pnpm");
  await writeTool("npx", 'echo "$@" >> calls');
  await rm(pnpm);
  await install("lead pipeline");
  await install("lead pipeline");
  expect(await calls()).toEqual([
    "--yes pnpm@1.2.3 install --frozen-lockfile --trust-lockfile --prod --filter {.} --filter-prod @relevo/lead-pipeline...",
  ]);
  await install("workspace");
  expect((await calls())[1]).toBe("--yes pnpm@1.2.3 install --frozen-lockfile --trust-lockfile");
});

it("keeps the tools of the workspace when the lead pipeline is brought up to date", async () => {
  await install("workspace");
  await install("lead pipeline");
  expect(await calls()).toHaveLength(1);
  await write("pnpm-lock.yaml", "newer\n");
  await install("lead pipeline");
  expect((await calls())[1]).toBe("install --frozen-lockfile --trust-lockfile");
});

it("says what the installer said when it fails, and tries again next time", async () => {
  await writeTool("pnpm", "echo no network >&2; exit 7");
  const error = await install().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(StepError);
  expect(error).toMatchObject({ exitCode: 7, output: "no network\n" });
  expect(lines[1]).toContain("✖ install packages");
  await expect(install()).rejects.toThrow(/install packages failed/u);
});

it.each(["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "packages/core/package.json"])(
  "the stamp depends on %s",
  async (path) => {
    const before = installationStamp(root);
    expect(installationStamp(root)).toBe(before);
    await write(path, "{ }");
    expect(installationStamp(root)).not.toBe(before);
  },
);
