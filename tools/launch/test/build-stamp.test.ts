import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ensureBuilt, projectFolders } from "../src/build-stamp.mjs";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "relevo-built-"));
  for (const path of ["package.json", "pnpm-lock.yaml", "tsconfig.base.json", "nx.json"])
    await write(path, "{}");
  await member("apps/app", { "@relevo/a": "workspace:*", zod: "4" });
  await member("packages/a", { "@relevo/b": "workspace:*" });
  await member("packages/b", {});
  await member("packages/other", {});
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, content: string) {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), content);
}

async function member(folder: string, dependencies: Record<string, string>) {
  await write(
    `${folder}/package.json`,
    JSON.stringify({ name: `@relevo/${folder.split("/")[1]}`, dependencies }),
  );
  await write(`${folder}/tsconfig.json`, "{}");
  await write(`${folder}/src/index.ts`, "one");
  await write(`${folder}/src/deep/part.ts`, "two");
}

/** Builds as the build tool would: into the folders of the project and what it needs. */
async function build() {
  for (const folder of ["apps/app", "packages/a", "packages/b"]) {
    await write(`${folder}/dist/index.js`, await readFile(join(root, folder, "src/index.ts"), "utf8"));
    await write(`${folder}/dist/deep/part.js`, "two");
  }
}

const start = () => ensureBuilt(root, "apps/app", build);

it("builds once, and not again while nothing changes", async () => {
  expect(await start()).toBe(true);
  expect(await start()).toBe(false);
  expect(await start()).toBe(false);
});

it("looks at the project and what it needs at run time", () => {
  expect(projectFolders(root, "apps/app")).toEqual(["apps/app", "packages/a", "packages/b"]);
});

it.each([
  ["an edit", () => write("packages/b/src/deep/part.ts", "three")],
  ["an edit of the same length", () => write("packages/a/src/index.ts", "eno")],
  ["a new file", () => write("apps/app/src/new.ts", "")],
  ["a file that is gone", () => rm(join(root, "packages/b/src/deep/part.ts"))],
  ["another dependency", () => member("packages/b", { "@relevo/other": "workspace:*" })],
  ["other settings of the compiler", () => write("tsconfig.base.json", "{ }")],
  ["another toolchain", () => write("pnpm-lock.yaml", "{ }")],
  ["a removed output", () => rm(join(root, "apps/app/dist"), { recursive: true })],
  ["one removed file of an output", () => rm(join(root, "packages/b/dist/deep/part.js"))],
  ["an output that somebody else wrote", () => write("packages/a/dist/index.js", "other")],
])("builds again after %s, once", async (_name, change) => {
  await start();
  await change();
  expect(await start()).toBe(true);
  expect(await start()).toBe(false);
});

it("sees a checkout that brings old content with old times", async () => {
  const path = join(root, "packages/a/src/index.ts");
  const longAgo = new Date(2000, 1, 1);
  await utimes(path, longAgo, longAgo);
  await start();
  await writeFile(path, "eno");
  await utimes(path, longAgo, longAgo);
  expect(await start()).toBe(true);
});

it("does not build after changes outside of what is built", async () => {
  await start();
  await write("packages/other/src/index.ts", "changed");
  await write("packages/a/test/a.test.ts", "changed");
  await write("README.md", "changed");
  // The times of sources say nothing.
  await utimes(join(root, "packages/a/src/index.ts"), new Date(), new Date());
  expect(await start()).toBe(false);
});

it("builds again after a build that failed", async () => {
  await start();
  await write("packages/b/src/index.ts", "broken");
  const failing = async () => {
    await write("packages/a/dist/index.js", "half");
    throw new Error("no");
  };
  await expect(ensureBuilt(root, "apps/app", failing)).rejects.toThrow("no");
  await write("packages/b/src/index.ts", "one");
  expect(await start()).toBe(true);
});

it("builds again after a build that was killed", async () => {
  await start();
  await write("packages/b/src/index.ts", "other");
  const source = JSON.stringify(join(import.meta.dirname, "..", "src", "build-stamp.mjs"));
  const program = `import { ensureBuilt } from ${source};
    await ensureBuilt(${JSON.stringify(root)}, "apps/app", () => new Promise(() => {
      console.log("building");
      setInterval(() => {}, 1000);
    }));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  // What it was to build from is gone again, and nothing of it was built.
  await write("packages/b/src/index.ts", "one");
  expect(await start()).toBe(true);
});

it("builds again when a source was edited while the build ran", async () => {
  await ensureBuilt(root, "apps/app", async () => {
    await build();
    await write("packages/b/src/index.ts", "edited meanwhile");
  });
  expect(await start()).toBe(true);
  expect(await start()).toBe(false);
});
