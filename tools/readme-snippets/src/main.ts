import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { finishCheck } from "@relevo/test-run";
import { checkDocuments } from "./check-documents.ts";

const { values } = parseArgs({
  options: { root: { type: "string" }, limit: { type: "string", default: "600" } },
});
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

// Far more than they take together on a busy machine.
const limitSeconds = Number(values.limit);
if (!(limitSeconds > 0)) throw new Error("--limit takes a number of seconds");

// Where everything is to be shown again, nothing is taken from an earlier run.
const keep = process.env.CI === undefined;
const results = await checkDocuments(root, { limitSeconds, keep });
await finishCheck(join(root, ".reports", "readme-snippets.json"), results);
