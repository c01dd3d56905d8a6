/** Writes the table of attributes into TELEMETRY.md: `node scripts/attribute-table.ts`. */
import { readFile, writeFile } from "node:fs/promises";
import { attributeTable } from "../src/telemetry/attributes.ts";

const document = new URL("../TELEMETRY.md", import.meta.url);
const text = await readFile(document, "utf8");
const [before = "", rest = ""] = text.split("<!-- attributes -->");
const after = rest.slice(rest.indexOf("<!-- /attributes -->"));
await writeFile(document, `${before}<!-- attributes -->\n\n${attributeTable()}\n\n${after}`);
