import type { JsonValue, Where, WhereCondition, WherePath } from "@relevo/core";
import { type RawBuilder, sql } from "kysely";

/** A filter as SQL. Put `values` into a subquery named `found` beside the rows, and `condition` into the `where`. */
export interface WhereSql {
  /** What stands at each path of the filter, as columns `v0`, `v1` …, each looked up once for a row. */
  readonly values: RawBuilder<unknown>;
  readonly condition: RawBuilder<boolean>;
}

/**
 * The filter over a `jsonb` of the form `{ value, metadata }`; selects exactly what core's `whereMatcher` does. Every
 * part of the filter is a parameter.
 *
 * Numbers of `jsonb` are decimal, those of JavaScript binary; but both sides went through JavaScript, whose shortest
 * decimal of a number is unique and keeps the order. `->` with a text enters objects only, as a path does.
 */
export function whereSql(where: Where, subject: RawBuilder<unknown>): WhereSql {
  const places = new Map<string, Place>();
  placesOf(where, places);
  const columns: RawBuilder<unknown>[] = [];
  for (const { path, name, contained } of places.values()) {
    const steps = path.map((step) => sql` -> ${step}::text`);
    const value = sql`${subject}${sql.join(steps, sql``)}`;
    columns.push(sql`${value} as ${sql.id(name)}`);
    if (contained.size > fewContained)
      columns.push(sql`${containedIn(value, [...contained])} as ${sql.id(`${name}c`)}`);
  }
  return {
    values: columns.length === 0 ? sql`null as v0` : sql.join(columns),
    condition: compile(where, places),
  };
}

/** Up to this many operands of `$contains` at one path, `@>` for each is faster than taking the array apart once. */
const fewContained = 8;

/** What the conditions of a filter ask of one path, and the column it is stored in. */
interface Place {
  readonly path: WherePath;
  readonly name: string;
  /** Operands of `$contains`. */
  readonly contained: Set<JsonValue>;
}

function placesOf(where: Where, places: Map<string, Place>): void {
  if ("and" in where) for (const part of where.and) placesOf(part, places);
  else if ("or" in where) for (const part of where.or) placesOf(part, places);
  else if ("not" in where) placesOf(where.not, places);
  else {
    const key = JSON.stringify(where.path);
    const place = places.get(key) ?? { path: where.path, name: `v${places.size}`, contained: new Set() };
    places.set(key, place);
    if (where.$contains !== undefined) place.contained.add(where.$contains);
  }
}

/**
 * Those of the operands that are elements of the array, as an array; null where there is none. The array is gone
 * through once: `@>` with each of 250 operands went through a long one 250 times.
 */
function containedIn(value: RawBuilder<unknown>, operands: readonly JsonValue[]): RawBuilder<unknown> {
  return sql`case jsonb_typeof(${value}) when 'array' then (
    select jsonb_agg(d.item) from (
      select e.item from jsonb_array_elements(${value}) as e (item)
      where e.item in (select o.item from jsonb_array_elements(${json(operands)}) as o (item)) group by e.item
    ) as d) end`;
}

function compile(where: Where, places: ReadonlyMap<string, Place>): RawBuilder<boolean> {
  if ("and" in where) return all(where.and.map((part) => compile(part, places)));
  if ("or" in where) {
    if (where.or.length === 0) return sql<boolean>`false`;
    return sql`(${sql.join(
      where.or.map((part) => compile(part, places)),
      sql` or `,
    )})`;
  }
  if ("not" in where) return sql`not ${compile(where.not, places)}`;
  const { path, ...conditions } = where;
  const { name = "", contained = noOperands } = places.get(JSON.stringify(path)) ?? {};
  const found = sql`${sql.id("found", name)}`;
  const inArray = contained.size > fewContained ? sql`${sql.id("found", `${name}c`)}` : found;
  return all(
    Object.entries(conditions)
      .filter(([, operand]) => operand !== undefined)
      .map(([operator, operand]) =>
        leaf(operator as keyof WhereCondition, found, inArray, operand as JsonValue),
      ),
  );
}

const noOperands: ReadonlySet<JsonValue> = new Set();

function all(parts: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return parts.length === 0 ? sql<boolean>`true` : sql`(${sql.join(parts, sql` and `)})`;
}

/** One comparison. Nothing is unknown: what is not there makes SQL's null, and that counts as false. */
function leaf(
  name: keyof WhereCondition,
  found: RawBuilder<unknown>,
  inArray: RawBuilder<unknown>,
  operand: JsonValue,
): RawBuilder<boolean> {
  switch (name) {
    case "$eq":
      return sql`coalesce(${found} = ${json(operand)}, false)`;
    case "$ne":
      return sql`coalesce(${found} <> ${json(operand)}, true)`;
    case "$in":
      return sql`coalesce(${found} in (select e.item from jsonb_array_elements(${json(operand)}) as e (item)), false)`;
    case "$exists":
      return sql`(${found} is not null) = ${operand}::boolean`;
    case "$contains":
      return contains(found, inArray, operand);
    case "$gt":
      return ordered(found, sql` > `, operand);
    case "$gte":
      return ordered(found, sql` >= `, operand);
    case "$lt":
      return ordered(found, sql` < `, operand);
    case "$lte":
      return ordered(found, sql` <= `, operand);
  }
}

/** Casts only what has the type: the order in which conditions of an `and` are looked at is the planner's. */
function ordered(
  found: RawBuilder<unknown>,
  operator: RawBuilder<unknown>,
  operand: JsonValue,
): RawBuilder<boolean> {
  return typeof operand === "number"
    ? sql`case jsonb_typeof(${found}) when 'number' then ${found}::numeric${operator}${String(operand)}::text::numeric else false end`
    : sql`case jsonb_typeof(${found}) when 'string' then ${textOf(found)}${operator}${operand}::text else false end`;
}

function contains(
  found: RawBuilder<unknown>,
  inArray: RawBuilder<unknown>,
  operand: JsonValue,
): RawBuilder<boolean> {
  const inText =
    typeof operand === "string" ? sql`position(${operand}::text in ${textOf(found)}) > 0` : sql`false`;
  return sql`case jsonb_typeof(${found}) when 'array' then coalesce(${inArray} @> ${json([operand])}, false) when 'string' then ${inText} else false end`;
}

/** The characters of a string, compared by bytes whatever the database's collation is. */
function textOf(found: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`((${found} #>> '{}') collate "C")`;
}

function json(value: JsonValue): RawBuilder<unknown> {
  return sql`${JSON.stringify(value)}::text::jsonb`;
}
