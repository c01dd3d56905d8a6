import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { conformanceDocument } from "../src/conformance-document.ts";

const path = fileURLToPath(new URL("../../../docs/conformance.md", import.meta.url));
await writeFile(path, conformanceDocument());
console.log(`Wrote ${path}`);
