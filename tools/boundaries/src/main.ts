import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { finishCheck } from "@relevo/test-run";
import { checkWorkspace } from "./check-workspace.ts";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

await finishCheck(join(root, ".reports", "boundaries.json"), await checkWorkspace(root));
