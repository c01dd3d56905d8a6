import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { finishCheck } from "@relevo/test-run";
import { checkDocuments } from "./check-documents.ts";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const root = resolve(values.root ?? join(import.meta.dirname, "..", "..", ".."));

await finishCheck(join(root, ".reports", "readme-snippets.json"), await checkDocuments(root));
