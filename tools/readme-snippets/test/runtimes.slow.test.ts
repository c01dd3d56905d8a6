import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "@relevo/test-run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { normalize } from "../src/check-snippets.ts";
import { findDocuments } from "../src/documents.ts";
import { extractSnippets, type Snippet } from "../src/extract.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const commands = join(root, "tools", "runtimes", "node_modules", ".bin");

/** The packages that docs/runtimes.md promises on every runtime. */
const packages = ["core", "messages", "memory", "truncation", "store-memory", "semantic", "handoff-tracing"];

/** The oldest date that docs/runtimes.md names. */
const compatibilityDate = "2026-03-17";

/** Every snippet of the documents that needs these packages and nothing else, by the file it is written to. */
const snippets = new Map<string, Snippet>();
for (const document of await findDocuments(root)) {
  for (const snippet of extractSnippets(document, readFileSync(join(root, document), "utf8"))) {
    const imported = [...snippet.code.matchAll(/ from "([^"]+)"/gu)].map((match) => match[1] ?? "");
    const isPortable = imported.every((name) =>
      packages.includes(/^@relevo\/([^/]+)/u.exec(name)?.[1] ?? ""),
    );
    if (!snippet.run || imported.length === 0 || !isPortable) continue;
    snippets.set(`${document.replaceAll(/[^\w.-]/gu, "-")}-line-${snippet.line}`, snippet);
  }
}

/** No example has as many vectors as the search index needs before it compiles its kernel. */
snippets.set("many-vectors", {
  document: "",
  line: 1,
  run: true,
  code: `import { createHashingEmbedder, createRecall, createSearchIndex } from "@relevo/semantic";
import { createMemoryStore } from "@relevo/store-memory";

await using store = createMemoryStore();
const recall = createRecall({ store, index: createSearchIndex(), embedder: createHashingEmbedder() });
for (let n = 0; n < 1_500; n++)
  await store.log.append({ tenant: "acme", session: "s" + (n % 10) }, [
    { type: "message", body: { role: "user", content: "The kettle number " + n + " is broken." } },
  ]);
for (let n = 0; n < 3; n++) await recall.update("acme");
const { hits, missing } = await recall.search("acme", { text: "Which is kettle 1234?", limit: 5 });
console.log(hits.map(({ text }) => text).join(), missing.length);`,
});

/** Runtimes lay out objects each in its own way, and some in colours. */
const prelude = `const log = console.log;
console.log = (...values: unknown[]) => {
  const texts = values.map((value) =>
    typeof value === "string" || value instanceof Error ? String(value) : JSON.stringify(value),
  );
  log(texts.join(" "));
};
`;

let folder: string;
const printedByNode = new Map<string, Promise<string>>();

beforeAll(async () => {
  await mkdir(join(root, ".relevo"), { recursive: true });
  folder = await mkdtemp(join(root, ".relevo", "runtimes-"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await mkdir(join(folder, "node_modules", "@relevo"), { recursive: true });
  for (const name of packages)
    await symlink(join(root, "packages", name), join(folder, "node_modules", "@relevo", name), "junction");
  await writeFile(join(folder, "prelude.ts"), prelude);
  for (const [name, { code }] of snippets)
    await writeFile(join(folder, `${name}.ts`), `import "./prelude.ts";\n${code}\n`);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the program printed; an error when it did not end with exit code 0. */
async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { code, output, standardOutput } = await runCommand(command, args, {
    cwd: folder,
    env: { DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1" },
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`);
  return standardOutput;
}

const deno = ["run", "--no-check", "--no-remote", "--no-prompt", "--node-modules-dir=manual", "--allow-read"];

/** As a Worker is deployed: the packages are imported at its start, a request runs the rest. */
async function runWorker(name: string, { code }: Snippet): Promise<string> {
  const imports = /^import [^;]*;.*$/gmu;
  const worker = `import "./prelude.ts";
${(code.match(imports) ?? []).join("\n")}
export default { async test() {
${code.replaceAll(imports, "")}
} };
`;
  await writeFile(join(folder, `${name}.worker.ts`), worker);
  await run(
    join(commands, "esbuild"),
    `${name}.worker.ts`,
    "--bundle",
    "--format=esm",
    "--platform=node",
    "--target=es2022",
    "--log-level=warning",
    `--outfile=${name}.worker.mjs`,
  );
  const settings = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = (
  modules = [(name = "worker", esModule = embed "${name}.worker.mjs")],
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = ["nodejs_compat"],
))]);
`;
  await writeFile(join(folder, `${name}.capnp`), settings);
  return run(join(commands, "workerd"), "test", `${name}.capnp`);
}

const runtimes: Readonly<Record<string, (name: string, snippet: Snippet) => Promise<string>>> = {
  bun: (name) => run(join(commands, "bun"), "--no-install", `${name}.ts`),
  deno: (name) => run(join(commands, "deno"), ...deno, `${name}.ts`),
  workerd: runWorker,
};

it("has the example of the first README among its snippets", () => {
  expect([...snippets.values()].filter(({ document }) => document === "README.md")).not.toEqual([]);
  expect([...snippets.values()].some(({ document }) => document === "packages/memory/README.md")).toBe(true);
});

const required = (process.env.RELEVO_REQUIRE ?? "").split(",").map((name) => name.trim());

describe.each(Object.entries(runtimes))("%s", (runtime, runOn) => {
  const isInstalled = existsSync(join(commands, runtime));
  if (!isInstalled && required.includes(runtime))
    throw new Error(`RELEVO_REQUIRE names ${runtime}. Run: npx pnpm runtimes`);
  if (!isInstalled) console.warn(`Nothing is tested on ${runtime}: npx pnpm runtimes installs it.`);

  // A Worker has no standard output for pieces of lines.
  const printsLines = ([, { code }]: [string, Snippet]) => !code.includes("process.stdout.write");
  const chosen = runtime === "workerd" ? [...snippets].filter(printsLines) : [...snippets];

  it.skipIf(!isInstalled).each(chosen)("prints what Node.js prints: %s", async (name, snippet) => {
    const expected = printedByNode.get(name) ?? run(process.execPath, `${name}.ts`);
    printedByNode.set(name, expected);
    expect(normalize(await runOn(name, snippet))).toBe(normalize(await expected));
  });
});
