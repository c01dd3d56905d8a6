import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ensureInstalled, installationStamp } from "../src/install.mjs";
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
  await writePnpm('echo "$@" >> calls');
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, content: string) {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), content);
}

async function writePnpm(script: string) {
  await write("node_modules/.bin/pnpm", `#!/bin/sh\n${script}\n`);
  await chmod(join(root, "node_modules/.bin/pnpm"), 0o755);
}

function install() {
  return ensureInstalled(root, (line) => lines.push(line));
}

it("installs what the lockfile says once, and again only when that may have changed", async () => {
  await install();
  await install();
  expect(await readFile(join(root, "calls"), "utf8")).toBe("install --frozen-lockfile\n");
  expect(lines).toEqual([expect.stringMatching(/^ {2}✔ install packages {2}\d+\.\d s$/u)]);

  await write("packages/core/package.json", '{ "version": "2.0.0" }');
  await install();
  expect((await readFile(join(root, "calls"), "utf8")).split("\n")).toHaveLength(3);
});

it("says what the installer said when it fails, and tries again next time", async () => {
  await writePnpm("echo no network >&2; exit 7");
  const error = await install().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(StepError);
  expect(error).toMatchObject({ exitCode: 7, output: "no network\n" });
  expect(lines[0]).toContain("✖ install packages");
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
