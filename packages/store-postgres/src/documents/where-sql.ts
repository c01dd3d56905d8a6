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
  const columns: RawBuilder<unknown>[] = [];
  const condition = compile(where, (path) => {
    const name = `v${columns.length}`;
    const steps = path.map((step) => sql` -> ${step}::text`);
    columns.push(sql`${subject}${sql.join(steps, sql``)} as ${sql.id(name)}`);
    return sql`${sql.id("found", name)}`;
  });
  return {
    values: columns.length === 0 ? sql`null as v0` : sql.join(columns),
    condition,
  };
}

type Find = (path: WherePath) => RawBuilder<unknown>;

function compile(where: Where, find: Find): RawBuilder<boolean> {
  if ("and" in where) return all(where.and.map((part) => compile(part, find)));
  if ("or" in where) {
    if (where.or.length === 0) return sql<boolean>`false`;
    return sql`(${sql.join(
      where.or.map((part) => compile(part, find)),
      sql` or `,
    )})`;
  }
  if ("not" in where) return sql`not ${compile(where.not, find)}`;
  const found = find(where.path);
  const operators = Object.entries(where).filter(
    ([name, operand]) => name !== "path" && operand !== undefined,
  );
  return all(
    operators.map(([name, operand]) => leaf(name as keyof WhereCondition, found, operand as JsonValue)),
  );
}

function all(parts: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return parts.length === 0 ? sql<boolean>`true` : sql`(${sql.join(parts, sql` and `)})`;
}

/** One comparison. Nothing is unknown: what is not there makes SQL's null, and that counts as false. */
function leaf(
  name: keyof WhereCondition,
  found: RawBuilder<unknown>,
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
      return contains(found, operand);
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

function contains(found: RawBuilder<unknown>, operand: JsonValue): RawBuilder<boolean> {
  const inText =
    typeof operand === "string" ? sql`position(${operand}::text in ${textOf(found)}) > 0` : sql`false`;
  return sql`case jsonb_typeof(${found}) when 'array' then ${found} @> ${json([operand])} when 'string' then ${inText} else false end`;
}

/** The characters of a string, compared by bytes whatever the database's collation is. */
function textOf(found: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`((${found} #>> '{}') collate "C")`;
}

function json(value: JsonValue): RawBuilder<unknown> {
  return sql`${JSON.stringify(value)}::text::jsonb`;
}
