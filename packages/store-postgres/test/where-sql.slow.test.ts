import type { PGlite } from "@electric-sql/pglite";
import { defaultLimits, type JsonValue, type Where } from "@relevo/core";
import { admitWhere } from "@relevo/core/input";
import { whereMatcher, whereOperators } from "@relevo/core/store";
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whereSql } from "../src/documents/where-sql.ts";
import { createDice, type Dice } from "./documents-support.ts";
import { openPglite } from "./pglite.ts";

const numbers = [0, 1, -1, 1.5, 0.1, 0.30000000000000004, 0.3, 1e21, 1e-7, 5e-324, 1.7976931348623157e308];
const larger = [
  9007199254740991,
  9007199254740992,
  9007199254740994,
  -1.7976931348623157e308,
  100,
  1e2 + 1e-13,
];
const strings = [
  "",
  "a",
  "A",
  "ab",
  "b",
  "é",
  "é",
  "😀",
  "～",
  "\uffff",
  "1",
  "null",
  "%",
  "_",
  "\\",
  "'",
  '"',
  "$1",
];
const names = ["a", "b", "", "0", "length", "a.b", "$eq", "constructor", "é", "'", "-1"];
const scalars: readonly JsonValue[] = [...numbers, ...larger, ...strings, true, false, null];

function someValue(dice: Dice, depth: number): JsonValue {
  const kind = depth === 0 ? 0 : dice.below(4);
  if (kind < 2) return dice.pick(scalars);
  const count = dice.below(4);
  if (kind === 2) return Array.from({ length: count }, () => someValue(dice, depth - 1));
  return Object.fromEntries(
    Array.from({ length: count }, () => [dice.pick(names), someValue(dice, depth - 1)]),
  );
}

function someFilter(dice: Dice, depth: number, values: readonly JsonValue[]): Where {
  const kind = depth === 0 ? 0 : dice.below(8);
  const parts = (): Where[] =>
    Array.from({ length: dice.below(4) }, () => someFilter(dice, depth - 1, values));
  if (kind === 5) return { and: parts() };
  if (kind === 6) return { or: parts() };
  if (kind === 7) return { not: someFilter(dice, depth - 1, values) };
  const steps = Array.from({ length: dice.below(3) }, () => dice.pick(names)).filter((name) => name !== "");
  const operand = (): JsonValue => (dice.below(3) === 0 ? someValue(dice, 2) : dice.pick(values));
  const condition = Object.fromEntries(
    Array.from({ length: 1 + dice.below(2) }, () => {
      const operator = dice.pick(whereOperators);
      if (operator === "$exists") return [operator, dice.below(2) === 0];
      if (operator === "$in") return [operator, Array.from({ length: dice.below(4) }, operand)];
      if (operator === "$eq" || operator === "$ne") return [operator, operand()];
      if (operator === "$contains") return [operator, dice.pick(scalars)];
      return [operator, dice.pick([...numbers, ...larger, ...strings])];
    }),
  );
  return { path: [dice.pick(["value", "metadata"]), ...steps], ...condition } as Where;
}

/** Every value inside these, so that operands often equal what is there. */
function* inside(value: JsonValue): Generator<JsonValue> {
  yield value;
  if (typeof value === "object" && value !== null)
    for (const item of Object.values(value)) yield* inside(item);
}

const build = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

describe("a filter as SQL selects what whereMatcher does", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await openPglite();
    await pglite.exec("create table subjects (n integer primary key, subject jsonb not null)");
  });
  afterAll(() => pglite.close());

  async function compare(
    subjects: readonly { readonly value: JsonValue; readonly metadata: JsonValue }[],
    filters: readonly Where[],
  ): Promise<{ readonly selected: number }> {
    await pglite.exec("truncate subjects");
    await pglite.query(
      "insert into subjects select e.n - 1, e.item from jsonb_array_elements($1::text::jsonb) with ordinality as e (item, n)",
      [JSON.stringify(subjects)],
    );
    let selected = 0;
    for (const filter of filters) {
      const where = admitWhere(filter, defaultLimits) as Where;
      const { values, condition } = whereSql(where, sql`s.subject`);
      const query = sql`select s.n from subjects as s cross join lateral (select ${values} offset 0) as found
        where ${condition} order by s.n`.compile(build);
      const { rows } = await pglite.query<{ n: number }>(query.sql, [...query.parameters]);
      const expected = subjects.flatMap((subject, n) => (whereMatcher(where)(subject) ? [n] : []));
      expect({ filter, rows: rows.map(({ n }) => n) }).toEqual({ filter, rows: expected });
      selected += expected.length;
    }
    return { selected };
  }

  it.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    "for random values and filters, seed %i",
    async (seed) => {
      const dice = createDice(seed);
      const subjects = Array.from({ length: 60 }, () => ({
        value: someValue(dice, 3),
        metadata: { a: someValue(dice, 2), b: someValue(dice, 1) },
      }));
      const values = subjects.flatMap(({ value, metadata }) => [...inside(value), ...inside(metadata)]);
      const filters = Array.from({ length: 150 }, () => someFilter(dice, 3, values));
      const { selected } = await compare(subjects, filters);
      // A run in which nothing or everything is selected would show little.
      expect(selected).toBeGreaterThan(subjects.length * filters.length * 0.1);
      expect(selected).toBeLessThan(subjects.length * filters.length * 0.9);
    },
  );

  it("for many operands of $contains at one path, which are looked for together", async () => {
    const dice = createDice(31);
    const subjects = Array.from({ length: 60 }, () => ({
      value: dice.below(3) === 0 ? someValue(dice, 2) : Array.from({ length: 12 }, () => dice.pick(scalars)),
      metadata: { a: someValue(dice, 2) },
    }));
    const filters = Array.from({ length: 60 }, (): Where => {
      const path = dice.pick([["value"], ["metadata", "a"]] as const);
      const parts = Array.from({ length: 9 + dice.below(12) }, (): Where => {
        const contains: Where = { path, $contains: dice.pick(scalars) as string };
        return dice.below(3) === 0 ? { not: contains } : contains;
      });
      return dice.pick<Where>([
        { or: parts },
        { and: parts.slice(0, 2) },
        { and: [{ or: parts.slice(3) }, ...parts.slice(0, 2)] },
      ]);
    });
    const { selected } = await compare(subjects, filters);
    expect(selected).toBeGreaterThan(300);
    expect(selected).toBeLessThan(3300);
  });

  it("for every operator with every pair of scalars", async () => {
    const subjects = [...scalars, [1, "a", null], { a: 1 }, [], {}].map((value) => ({ value, metadata: {} }));
    const filters = scalars.flatMap((operand): Where[] => {
      const path = ["value"] as const;
      const isOrdered = typeof operand === "number" || typeof operand === "string";
      return [
        { path, $eq: operand },
        { path, $ne: operand },
        { path, $in: [operand, "b"] },
        { path, $contains: operand as string },
        ...(isOrdered
          ? [
              { path, $gt: operand },
              { path, $gte: operand },
              { path, $lt: operand },
              { path, $lte: operand },
            ]
          : []),
      ];
    });
    await compare(subjects, filters);
  });

  it("for filters of as many nodes and levels as the limits allow", async () => {
    const path = ["value", ...Array.from({ length: 62 }, () => "a")] as ["value", ...string[]];
    let value: JsonValue = 7;
    for (let level = 1; level < path.length; level++) value = { a: value };
    let nested: Where = { path: ["value"], $exists: true };
    for (let level = 0; level < 40; level++) nested = { not: nested };
    const leaf: Where = { path, $eq: 7, $gte: 7, $lte: 7, $exists: true, $in: [7] };
    const most: Where = { and: Array.from({ length: 100 }, () => leaf) };
    const { selected } = await compare(
      [
        { value, metadata: {} },
        { value: 7, metadata: {} },
      ],
      [nested, most],
    );
    expect(selected).toBe(3);
  });
});
