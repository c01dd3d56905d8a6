import type { Limits } from "../limits.ts";
import { whereOperators } from "../store/where-matcher.ts";
import type { Where } from "../where.ts";
import { requireObject, unknownField } from "./fields.ts";
import { admitId } from "./ids.ts";
import { admitJson } from "./json.ts";
import { refuse, tooLarge } from "./refuse.ts";

const operatorNames: ReadonlySet<string> = new Set(whereOperators);

/** A frozen copy of a filter whose every part is known. @throws `invalid-input`; `too-large` */
export function admitWhere(input: unknown, limits: Limits, field: string = "where"): Where | undefined {
  if (input === undefined) return undefined;
  requireObject(input, field);
  // An operand that is undefined by mistake must not drop its condition: `{ path, $gte: from, $lt: until }`.
  const { value } = admitJson(input, field, limits, limits.metadataBytes, "metadataBytes", "refused");
  checkWhere(value, field, { left: limits.whereNodes }, limits);
  return value as unknown as Where;
}

function checkWhere(node: unknown, field: string, budget: { left: number }, limits: Limits): void {
  if (--budget.left < 0) throw tooLarge(field, "whereNodes", limits.whereNodes);
  requireObject(node, field);
  const entries = Object.entries(node);
  if ("path" in node) {
    checkPath(node.path, `${field}.path`, limits);
    const conditions = entries.filter(([name]) => name !== "path");
    if (conditions.length === 0) throw refuse(field, `needs an operator: ${[...operatorNames].join(", ")}.`);
    for (const [name, operand] of conditions) checkOperand(name, operand, field);
    return;
  }
  const [name, parts] = entries[0] ?? [];
  if (entries.length !== 1 || (name !== "and" && name !== "or" && name !== "not")) {
    throw refuse(field, 'must have a "path" with operators, or exactly one of "and", "or", "not".');
  }
  if (name === "not") {
    checkWhere(parts, `${field}.not`, budget, limits);
    return;
  }
  if (!Array.isArray(parts)) throw refuse(`${field}.${name}`, "must be an array of filters.");
  parts.forEach((part, index) => {
    checkWhere(part, `${field}.${name}[${index}]`, budget, limits);
  });
}

function checkPath(path: unknown, field: string, limits: Limits): void {
  if (!Array.isArray(path) || (path[0] !== "value" && path[0] !== "metadata") || path.length > limits.depth) {
    throw refuse(field, 'must be an array that begins with "value" or "metadata".');
  }
  path.forEach((element, index) => {
    admitId(element, `${field}[${index}]`, limits);
  });
}

function checkOperand(name: string, operand: unknown, field: string): void {
  if (!operatorNames.has(name)) {
    throw unknownField(name, field, operatorNames);
  }
  const at = `${field}.${name}`;
  if (name === "$in" && !Array.isArray(operand)) throw refuse(at, "must be an array of values.");
  if (name === "$exists" && typeof operand !== "boolean") throw refuse(at, "must be true or false.");
  if (name === "$contains" && typeof operand === "object" && operand !== null) {
    throw refuse(at, "must be a string, a number, a boolean or null.");
  }
  if (/^\$[gl]te?$/.test(name) && typeof operand !== "number" && typeof operand !== "string") {
    throw refuse(at, "must be a number or a string.");
  }
}
