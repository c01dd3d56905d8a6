import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
/** Loads each entry, and prints what it throws. */
const program = `
  const outcomes = [];
  for (const entry of ["agent", "langgraph"])
    await import("./src/" + entry + "/index.ts").then(
      () => outcomes.push("loaded"),
      ({ name, code, message, details }) => outcomes.push({ name, code, message, missing: details?.package }),
    );
  console.log(JSON.stringify(outcomes));`;

it("without a peer, an entry says what to install", async () => {
  // Where only the required peer is installed.
  const folder = await mkdtemp(join(tmpdir(), "relevo-peers-"));
  try {
    for (const name of ["src", "package.json"])
      await cp(join(project, name), join(folder, name), { recursive: true });
    await mkdir(join(folder, "node_modules", "@langchain"), { recursive: true });
    for (const name of ["@relevo", "@langchain/core"])
      await symlink(join(project, "node_modules", name), join(folder, "node_modules", name));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", program],
      { cwd: folder },
    );
    expect(JSON.parse(stdout)).toEqual(
      ["langchain", "@langchain/langgraph-checkpoint"].map((missing) => ({
        name: "MemoryError",
        code: "unsupported",
        message: `${missing} is not installed. Run: npm install ${missing}`,
        missing,
      })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
