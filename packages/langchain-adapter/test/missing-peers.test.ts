import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
const optional = ["langchain", "@langchain/langgraph", "@langchain/langgraph-checkpoint"] as const;
/** Loads entries, and prints what they throw. */
const program = `
  const outcomes = {};
  for (const entry of process.argv.slice(1))
    await import("./src/" + entry + "index.ts").then(
      () => (outcomes[entry] = "loaded"),
      ({ name, code, message, details }) => (outcomes[entry] = [name, code, message, details?.package]),
    );
  console.log(JSON.stringify(outcomes));`;

/** What the entries do where one optional peer is missing and all others are installed. */
async function loadWithout(missing: string, ...entries: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "relevo-peers-"));
  try {
    for (const name of ["src", "package.json"])
      await cp(join(project, name), join(folder, name), { recursive: true });
    await mkdir(join(folder, "node_modules", "@langchain"), { recursive: true });
    for (const name of [
      "@relevo",
      "@langchain/core",
      "lru-cache",
      ...optional.filter((peer) => peer !== missing),
    ])
      await symlink(join(project, "node_modules", name), join(folder, "node_modules", name));
    const options = ["--input-type=module", "--eval", program, "--", ...entries];
    const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: folder });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

it.each([
  ["langchain", ["", "agent/"], ["agent/"]],
  ["@langchain/langgraph", ["agent/", "langgraph/"], ["agent/"]],
  ["@langchain/langgraph-checkpoint", ["langgraph/", "conformance/"], ["langgraph/"]],
] as const)(
  "without %s alone, an entry that needs it says what to install",
  async (missing, entries, needing) => {
    const refusal = [
      "MemoryError",
      "unsupported",
      `${missing} is not installed. Run: npm install ${missing}`,
      missing,
    ];
    const expected = entries.map((entry) => [
      entry,
      (needing as readonly string[]).includes(entry) ? refusal : "loaded",
    ]);
    expect(await loadWithout(missing, ...entries)).toEqual(Object.fromEntries(expected));
  },
);
