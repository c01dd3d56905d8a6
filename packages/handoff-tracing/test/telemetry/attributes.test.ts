import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { attributeTable, relevo } from "../../src/telemetry/attributes.ts";

const document = new URL("../../TELEMETRY.md", import.meta.url);

it("is listed in TELEMETRY.md as it is in the code", async () => {
  const text = await readFile(document, "utf8");
  const [, table] = /<!-- attributes -->\n\n(.*)\n\n<!-- \/attributes -->/su.exec(text) ?? [];
  expect(table).toBe(attributeTable());
});

it("has each name once", () => {
  const names = Object.values(relevo).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

it("is named nowhere else in the sources", async () => {
  const folder = new URL("../../src/telemetry/", import.meta.url);
  for (const file of await readdir(folder)) {
    if (file === "attributes.ts" || file === "instruments.ts") continue;
    const text = await readFile(new URL(file, folder), "utf8");
    for (const { name } of Object.values(relevo)) expect(text, file).not.toContain(`"${name}"`);
  }
});

it("needs OpenTelemetry for its own entry alone: the main one never reaches it", async () => {
  const reached = new Set<string>();
  const waiting = [new URL("../../src/index.ts", import.meta.url).href];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const text = await readFile(new URL(file), "utf8");
    expect(text, file).not.toContain("@opentelemetry");
    for (const [, specifier = ""] of text.matchAll(/from "(\.[^"]+)"/gu))
      waiting.push(new URL(specifier, file).href);
  }
  expect(reached.size).toBeGreaterThan(20);
});
