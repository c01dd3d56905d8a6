import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { testWorkspace } from "./test-workspace.ts";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

process.exitCode = await testWorkspace(root, (line) => console.log(line));
