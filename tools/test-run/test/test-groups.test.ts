import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadProjects } from "../src/projects.ts";
import { testFiles, tiers } from "../src/test-groups.ts";
import { testTargets } from "../src/test-targets.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "relevo-groups-"));
  await write({ "pnpm-workspace.yaml": "packages:\n  - packages/*\n" });
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: { readonly [path: string]: string }): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

async function member(name: string, manifest: object, files: { readonly [path: string]: string } = {}) {
  await write({
    [`packages/${name}/package.json`]: JSON.stringify({ name: `@relevo/${name}`, ...manifest }),
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/${name}/${path}`, text])),
  });
}

function workspace(...names: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(names.map((name) => [`@relevo/${name}`, "workspace:*"]));
}

/** Four files, so that their group is not joined with another. */
function four(name: string, text: string): { readonly [path: string]: string } {
  return Object.fromEntries([1, 2, 3, 4].map((number) => [`test/${name}-${number}.test.ts`, text]));
}

async function projectNamed(name: string) {
  const project = (await loadProjects(root)).find((one) => one.name === `@relevo/${name}`);
  if (project === undefined) throw new Error(`There is no ${name}`);
  return project;
}

const loading: readonly (readonly [string, { readonly [path: string]: string }])[] = [
  ["an import", four("b", 'import { store } from "@relevo/store";')],
  ["an import of a part", four("b", 'import { store } from "@relevo/store/testing";')],
  ["a dynamic import", four("b", 'await import("@relevo/store");')],
  [
    "a file that it imports",
    {
      ...four("b", 'import { open } from "./support/open.ts";'),
      "test/support/open.ts": 'export { store as open } from "@relevo/store";',
    },
  ],
  [
    "a process that it starts",
    {
      ...four("b", 'fork(new URL("./processes/child.ts", import.meta.url));'),
      "test/processes/child.ts": 'import "@relevo/store";',
    },
  ],
  ["the sources of another project", four("b", 'import { open } from "../../store/src/open.ts";')],
  ["what was built", four("b", 'fork(new URL("../dist/main.js", import.meta.url));')],
  ["paths that it puts together", four("b", "fork(join(import.meta.dirname, name));")],
];

it.each(loading)("puts files that load more through %s into a group of their own", async (_, files) => {
  await member("core", {});
  await member("store", { dependencies: workspace("core") }, { "src/open.ts": "" });
  const tests = {
    "src/index.ts": '/** Works on `@relevo/store`. */\nimport "@relevo/core";\n// Not "@relevo/store".\n',
    ...four("a", 'import { a } from "../src/index.ts";'),
    ...files,
  };
  const built = Object.values(files).some((text) => text.includes("dist"));
  const [dependencies, devDependencies] = built
    ? [workspace("core", "store"), {}]
    : [workspace("core"), workspace("store")];
  await member("memory", { dependencies, devDependencies }, { ...tests, "dist/main.js": "" });
  const { groups } = await projectNamed("memory");
  expect(groups.test).toMatchObject([
    { target: "test--core", files: Object.keys(four("a", "")), projects: ["@relevo/core"] },
    {
      target: "test--store",
      files: Object.keys(four("b", "")),
      projects: ["@relevo/core", "@relevo/store"],
    },
  ]);
});

it("leaves types out, and texts that name nothing of the workspace", async () => {
  await member("core", {});
  await member("store", {});
  const texts = [
    'import type { Store } from "@relevo/store";\nexport type {\n  Other,\n} from "@relevo/store";',
    'import { it } from "@vitest/runner";\nexpect(resolve("../../../../../..")).toBe("./absent.ts");',
  ];
  await member(
    "memory",
    { devDependencies: workspace("store") },
    { ...four("a", texts[0] ?? ""), ...four("b", texts[1] ?? "") },
  );
  expect((await projectNamed("memory")).groups.test).toMatchObject([
    { target: "test", projects: [], outside: [] },
  ]);
});

it("knows what else of the workspace a file names", async () => {
  const text = 'read(new URL("../../../docs/list.md", import.meta.url), "../../../docs/guide");';
  await write({ "docs/list.md": "", "docs/guide/one.md": "" });
  await member("core", {}, four("a", text));
  expect((await projectNamed("core")).groups.test).toMatchObject([
    { target: "test", outside: ["docs/guide/**/*", "docs/list.md"] },
  ]);
});

it("joins a small group with the one that loads least beside what it loads", async () => {
  await member("core", {});
  await member("store", {});
  await member("kit", {});
  await member(
    "memory",
    { devDependencies: workspace("store", "kit") },
    {
      "test/a.test.ts": "",
      ...four("b", '"@relevo/store"'),
      ...four("c", '"@relevo/store" + "@relevo/kit"'),
      "test/d.test.ts": '"@relevo/kit"',
    },
  );
  expect((await projectNamed("memory")).groups.test).toMatchObject([
    { target: "test--kit+store", files: [...Object.keys(four("c", "")), "test/d.test.ts"] },
    { target: "test--store", files: ["test/a.test.ts", ...Object.keys(four("b", ""))] },
  ]);
});

it("keeps the files of a target together of which the manifest says something", async () => {
  await member("store", {});
  const files = { ...four("a", ""), ...four("b", '"@relevo/store"') };
  await member("memory", { devDependencies: workspace("store"), nx: { targets: { test: {} } } }, files);
  expect((await projectNamed("memory")).groups.test).toMatchObject([
    { target: "test", files: Object.keys(files), projects: ["@relevo/store"] },
  ]);
});

it("has a target for each group, which takes no notice of the others' files, and one for all", async () => {
  await member("store", {});
  await member(
    "memory",
    { devDependencies: workspace("store") },
    { ...four("a", ""), ...four("b", '"@relevo/store"'), "test/c.slow.test.ts": '"@relevo/store"' },
  );
  const targets = testTargets(await projectNamed("memory"));
  expect(Object.keys(targets)).toEqual(["test--alone", "test--store", "test", "slow"]);
  expect(targets.test?.dependsOn).toEqual(["test--alone", "test--store"]);
  const alone = targets["test--alone"];
  expect(alone?.options?.command).toMatch(
    / --outputFile\.json=\.reports\/test--alone\.json test\/a-1\.test\.ts /u,
  );
  expect(alone?.options?.command).not.toContain("b-1");
  expect(alone?.inputs).toContain("!{projectRoot}/test/b-1.test.ts");
  expect(alone?.inputs).not.toContainEqual({ input: "source", projects: ["@relevo/store"] });
  expect(targets["test--store"]?.inputs).toContainEqual({ input: "source", projects: ["@relevo/store"] });
  expect(targets.slow?.inputs).toContainEqual({ input: "source", projects: ["@relevo/store"] });
});

it("runs each test file of this workspace in one group", async () => {
  root = join(import.meta.dirname, "..", "..", "..");
  try {
    for (const project of await loadProjects(root)) {
      for (const tier of tiers) {
        const files = project.groups[tier].flatMap((group) => group.files);
        expect([...files].sort()).toEqual(testFiles(join(root, project.root), tier));
      }
    }
  } finally {
    // Nothing of it is removed below.
    root = await mkdtemp(join(tmpdir(), "relevo-groups-"));
  }
});
