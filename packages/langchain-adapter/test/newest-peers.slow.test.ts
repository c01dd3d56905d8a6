import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
const root = join(project, "..", "..");
const newest = join(root, "tools", "langchain-newest", "node_modules");
const isInstalled = existsSync(newest);
if (!isInstalled && (process.env.RELEVO_REQUIRE ?? "").includes("langchain-newest"))
  throw new Error("RELEVO_REQUIRE names langchain-newest. Run: npx pnpm langchain-newest");
if (!isInstalled)
  console.warn("The newest releases of LangChain are not tested: npx pnpm langchain-newest installs them.");

/** A folder in which everything resolves as here, but LangChain to its newest releases. */
async function placeBesideNewest(): Promise<string> {
  const parent = join(root, ".relevo");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "newest-"));
  for (const name of ["src", "test", "dist", "package.json"])
    await cp(join(project, name), join(folder, name), { recursive: true });
  const own = join(project, "node_modules");
  for (const name of await packagesIn(own)) await link(join(own, name), join(folder, "node_modules", name));
  for (const name of await packagesIn(newest))
    await link(join(newest, name), join(folder, "node_modules", name));
  await writeFile(
    join(folder, "vitest.config.ts"),
    `export default { test: {
      include: ["test/**/*.test.ts", "test/newest/*.ts"],
      exclude: ["**/!(moving-*).slow.test.ts", "**/base-store-differences.test.ts", "**/node_modules/**"],
      testTimeout: 600_000,
      hookTimeout: 600_000,
      isolate: false,
      experimental: { viteModuleRunner: false, nodeLoader: false },
    } };`,
  );
  return folder;
}

async function packagesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
  const found = await Promise.all(
    names.map(async (name) =>
      name.startsWith("@") ? (await readdir(join(folder, name))).map((inner) => `${name}/${inner}`) : [name],
    ),
  );
  return found.flat();
}

/** The later link stands. */
async function link(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rm(to, { force: true });
  await symlink(await realpath(from), to);
}

const run = promisify(execFile);
const patience = { timeout: 3_600_000 } as const;
let folder = "";
beforeAll(async () => {
  if (isInstalled) folder = await placeBesideNewest();
});
afterAll(async () => {
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

// All of these tests in one: a busy machine takes long.
it.skipIf(!isInstalled)(
  "the tests of this package pass with the newest releases of LangChain",
  patience,
  async () => {
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const ran = run(process.execPath, [vitest, "run", "--root", folder], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1", CI: "true" },
      maxBuffer: 64 * 1024 * 1024,
    });
    const { stdout } = await ran.catch((error: { readonly stdout: string }) => ({ stdout: error.stdout }));
    expect(stdout).toMatch(/Tests {2}\d+ passed \(\d+\)/u);
  },
);

it.skipIf(!isInstalled)(
  "the examples of README and GUIDE compile under plain strict and print what they say with the newest releases",
  patience,
  async () => {
    const examples: { readonly file: string; readonly code: string }[] = [];
    for (const name of ["README.md", "GUIDE.md"]) {
      const text = await readFile(join(project, name), "utf8");
      for (const [, code = ""] of text.matchAll(/^```ts\n(.*?)^```$/gmsu))
        examples.push({ file: `${name}-${examples.length}.ts`, code });
    }
    expect(examples.length).toBeGreaterThan(8);
    for (const { file, code } of examples) await writeFile(join(folder, file), code);
    const compilerOptions = {
      target: "esnext",
      module: "nodenext",
      moduleDetection: "force",
      types: [],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const settings = { compilerOptions, files: examples.map(({ file }) => file) };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const compiled = await run(join(root, "node_modules", ".bin", "tsc"), ["-p", folder]).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(compiled.stdout).toBe("");
    for (const { file, code } of examples) {
      const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder });
      expect({ file, stderr }).toEqual({ file, stderr: "" });
      const prints = [...code.matchAll(/\/\/ prints: (.*)$/gmu)].map(([, text]) => text);
      if (prints.length > 0) expect(stdout.trimEnd().split("\n")).toEqual(prints);
      else expect(stdout).not.toBe("");
    }
  },
);
