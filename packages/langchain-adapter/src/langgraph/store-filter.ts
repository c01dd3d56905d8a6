import type { JsonValue, Where, WhereCondition } from "@relevo/core";
import { readArray, refuse } from "@relevo/core/input";
import { isObject } from "../messages/message-item.ts";

const operators = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$exists"] as const;
const known = [...operators, "$nin"];

/**
 * A filter of LangGraph's stores. Each field is one of the value's own, whatever its name; its condition is a value to
 * equal, or an object of operators that must all hold.
 *
 * @throws `invalid-input` for an operator that is not known, and for `undefined`, which would select everything.
 */
export function whereOf(filter: Readonly<Record<string, unknown>> | undefined): Where | undefined {
  if (filter === undefined) return undefined;
  if (typeof filter !== "object" || filter === null || Array.isArray(filter))
    throw refuse("filter", "must be an object of fields and conditions.");
  const conditions = Object.entries(filter).flatMap(([name, condition]) => conditionsOf(name, condition));
  if (conditions.length === 0) return undefined;
  return conditions.length === 1 ? conditions[0] : { and: conditions };
}

function conditionsOf(name: string, condition: unknown): Where[] {
  const field = `filter.${name}`;
  if (condition === undefined)
    throw refuse(field, "is undefined. It decides what is found, so give it a value or leave it out.");
  const path = ["value", name] as const;
  if (!isObject(condition as JsonValue)) return [{ path, $eq: condition as JsonValue }];
  const names = Object.keys(condition as object).filter((key) => key.startsWith("$"));
  if (names.length === 0) return [{ path, $eq: condition as JsonValue }];
  return Object.entries(condition as object).map(([operator, operand]): Where => {
    if (!known.includes(operator))
      throw refuse(`${field}.${operator}`, `is no operator. Known: ${known.join(", ")}.`);
    if (operand === undefined)
      throw refuse(`${field}.${operator}`, "is undefined. Give it a value or leave it out.");
    if (operator === "$nin")
      return { not: { path, $in: readArray(operand, `${field}.$nin`, "an array", 1000) as JsonValue[] } };
    return { path, ...({ [operator]: operand } as WhereCondition) };
  });
}
