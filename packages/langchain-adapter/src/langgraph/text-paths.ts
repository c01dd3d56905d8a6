import type { JsonValue } from "@relevo/core";

/**
 * The texts at a path such as `title`, `meta.title`, `chapters[*].content`, `authors[0]`, `parts[-1]`, or `$` for the whole
 * value. Numbers and booleans are texts too; objects and arrays at the end of a path are their JSON.
 */
export function textsAt(value: JsonValue, path: string): string[] {
  let found: JsonValue[] = [value];
  for (const step of stepsOf(path)) {
    const next: JsonValue[] = [];
    for (const one of found) for (const inner of stepInto(one, step)) next.push(inner);
    found = next;
  }
  return found.flatMap((one) =>
    one === null ? [] : [typeof one === "object" ? JSON.stringify(one) : `${one}`],
  );
}

function stepsOf(path: string): readonly string[] {
  return path === "$" ? [] : (path.match(/\[[^\]]*\]|[^.[\]]+/gu) ?? []);
}

function stepInto(value: JsonValue, step: string): readonly JsonValue[] {
  if (typeof value !== "object" || value === null) return [];
  if (!step.startsWith("[")) {
    if (step === "*") return Object.values(value);
    const inner = Array.isArray(value) || !Object.hasOwn(value, step) ? undefined : pick(value, step);
    return inner === undefined ? [] : [inner];
  }
  if (!Array.isArray(value)) return [];
  if (step === "[*]") return value as readonly JsonValue[];
  const inner = (value as readonly JsonValue[]).at(Number.parseInt(step.slice(1), 10));
  return inner === undefined ? [] : [inner];
}

function pick(value: object, name: string): JsonValue | undefined {
  return (value as { readonly [name: string]: JsonValue })[name];
}
