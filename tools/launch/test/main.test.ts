import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "relevo-launch-"));
  await mkdir(join(root, "node_modules", ".bin"), { recursive: true });
  await writeFile(join(root, "package.json"), JSON.stringify({ devDependencies: { pnpm: "1.2.3" } }));
  await writeFile(join(root, "pnpm-lock.yaml"), "lock\n");
  await writeFile(join(root, "pnpm-workspace.yaml"), "packages: []\n");
  await writeTool("node", "");
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function writeTool(name: string, script: string) {
  const path = join(root, "node_modules", ".bin", name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** Launches a program that prints `started` and ends with exit code 5, in a process of its own. */
async function launch() {
  const main = JSON.stringify(join(import.meta.dirname, "..", "src", "main.mjs"));
  const program = `import { launch } from ${main};
    await launch({ root: ${JSON.stringify(root)}, scope: "workspace", program: async () => { console.log("started"); return 5; } });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  let standardOutput = "";
  let standardError = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    standardOutput += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    standardError += chunk;
  });
  const [code] = await once(child, "close");
  return { code, standardOutput, standardError };
}

it("installs, starts the program and leaves standard output to it", async () => {
  await writeTool("pnpm", "echo installing");
  const { code, standardOutput, standardError } = await launch();
  expect(code).toBe(5);
  expect(standardOutput).toBe("started\n");
  expect(standardError).toMatch(/^ {2}… install packages\n {2}✔ install packages {2}\d+\.\d s\n$/u);
  expect(existsSync(join(root, ".relevo", "launch.lock"))).toBe(false);
});

it("does not start the program when installing fails, and says why", async () => {
  await writeTool("pnpm", "echo the registry is down >&2; exit 7");
  const { code, standardOutput, standardError } = await launch();
  expect(code).toBe(7);
  expect(standardOutput).toBe("");
  expect(standardError).toContain("the registry is down");
  expect(standardError).toMatch(
    /install packages failed: .*pnpm install --frozen-lockfile --trust-lockfile \(exit code 7\)/u,
  );
  expect(existsSync(join(root, ".relevo", "launch.lock"))).toBe(false);
});
