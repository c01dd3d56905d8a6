import { isUpToDate } from "@relevo/embed-sources";
import { expect, it } from "vitest";
import { createSchema } from "../src/schema/create-schema.ts";

const folder = new URL("../src/schema/sql", import.meta.url).pathname;

it("the module of the SQL files is up to date (run `pnpm embed` when it is not)", async () => {
  expect(await isUpToDate(folder)).toBe(true);
});

it("the statements come apart whatever the schema is called, and keep bodies together", () => {
  const plain = createSchema('"relevo"');
  const kinds = plain.map((text) => /^(?:\s*--.*\n|\s*)*(\w+)/u.exec(text)?.[1]);
  expect(new Set(kinds)).toEqual(new Set(["create", "alter", "revoke", "do"]));
  expect(plain.join("\n")).not.toContain("{{");
  for (const name of ['";\n"', '"$body$"', '"$body$;\n$body_$"']) {
    const statements = createSchema(name).map((text) => text.replaceAll(name, '"relevo"'));
    // The last has the name as a value.
    expect(statements.slice(0, -1).map((text) => text.replaceAll(/\$body_*\$/gu, "$body$"))).toEqual(
      plain.slice(0, -1),
    );
  }
});
