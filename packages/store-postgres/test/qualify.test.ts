import { describe, expect, it } from "vitest";
import { qualify } from "../src/database/qualify.ts";

describe("qualify", () => {
  it("names functions, operators, types and collations by their schema", () => {
    expect(qualify("select lower($1)")).toBe("select pg_catalog.lower($1)");
    expect(qualify(`select a."x" || 'b = c' collate "C" from "s".t as a where a.y = $1::text[]`)).toBe(
      `select a."x" operator(pg_catalog.||) 'b = c' collate pg_catalog."C" from "s".t as a where a.y operator(pg_catalog.=) $1::pg_catalog.text[]`,
    );
    expect(qualify("select count(*) from (select 1 + n::bigint as n) as x (n)")).toBe(
      "select pg_catalog.count(*) from (select 1 operator(pg_catalog.+) n::bigint as n) as x (n)",
    );
    expect(qualify("select f.* from json_to_recordset($1) as f (a text, b bigint)")).toBe(
      "select f.* from pg_catalog.json_to_recordset($1) as f (a pg_catalog.text, b bigint)",
    );
    expect(qualify(`select "s".f($1), extract(epoch from now()), position($2 in $3)`)).toBe(
      `select "s".f($1), extract(epoch from pg_catalog.now()), position($2 in $3)`,
    );
    expect(qualify("with a as materialized (select 1 as n) select a.n from a")).toBe(
      "with a as materialized (select 1 as n) select a.n from a",
    );
  });

  it("keeps the names of arguments, each the start of an expression", () => {
    expect(qualify(`select "s".f(p_a => $1, p_b => b + 1, p_c => b = c, p_d => lower(d)) as answer`)).toBe(
      `select "s".f(p_a => $1, p_b => b operator(pg_catalog.+) 1, p_c => b operator(pg_catalog.=) c, p_d => pg_catalog.lower(d)) as answer`,
    );
  });

  it("takes words of the grammar as columns", () => {
    expect(qualify("select e.at, e.in + e.case from f(a) as e")).toBe(
      "select e.at, e.in operator(pg_catalog.+) e.case from pg_catalog.f(a) as e",
    );
  });

  it("keeps what a string or a quoted name says, and operators of one precedence side by side", () => {
    const hostile = `"a""; lower(x) = 1 -- (" `;
    expect(qualify(`select * from ${hostile}.t`)).toBe(`select * from ${hostile}.t`);
    expect(qualify("select 'it''s lower(x) = 1', a || b || c")).toBe(
      "select 'it''s lower(x) = 1', a operator(pg_catalog.||) b operator(pg_catalog.||) c",
    );
    expect(qualify("select a = 1 and b = 2 or ((c + 1) * 2) > d")).toContain("operator(pg_catalog.*) 2");
  });

  it.each([
    "select a in ($1, $2)",
    "select a between 1 and 2",
    "select nullif(a, b)",
    "select a is distinct from b",
    "select a like b",
    "select case a when 1 then 2 end",
    "select a from b join c using (d)",
    "select cast(a as text)",
    "select interval '1 day'",
    "select a = b + c",
    'select "s".f(p_a => b = c + d)',
    'select "s".f(p_a => -b)',
    "select a + b * c",
    "select a + x.over * c",
    "select -a",
    "select a from b",
    'select a from "b"',
    'select a from "s".b, c',
    'select a from "s".b as b (x) cross join "s".c, d where true',
    "select count(distinct a)",
    "select 1 -- comment",
    "select 1 /* comment */",
    "select E'a'",
    "select e'a'",
    "select date '2026-01-01'",
    'select "lower"(a)',
    'select a::"text"',
    'select * from f(a) as x (y "text")',
    "select $$a$$",
    "SELECT 1",
    "select 1)",
  ])("refuses what PostgreSQL would look up by the path, or read otherwise: %s", (text) => {
    expect(() => qualify(text)).toThrow(/cannot be sent outside a transaction/u);
  });
});
