import type { Mutant } from "../../harness.ts";
import type { Overrides, StoreParts } from "../break-store.ts";
import { storeMutant } from "./document-mutant.ts";

export type Change = (part: unknown, key: string | undefined, parts: StoreParts) => unknown;

const documentMethods = [
  ...(["get", "getMany", "put", "putMany", "delete"] as const),
  ...(["deleteMany", "touch", "find", "namespaces"] as const),
];
const logMethods = [
  ...(["append", "operation", "read", "head", "touch"] as const),
  ...(["trim", "erase", "delete", "list"] as const),
];

type Method = (...call: unknown[]) => Promise<unknown>;

/** Every method of the port, called with arguments that were mended first. */
function mended(port: object, names: readonly string[], mend: (argument: unknown) => unknown): object {
  return Object.fromEntries(
    names.map((name) => {
      const method = Reflect.get(port, name) as Method;
      return [name, async (...call: unknown[]) => method.call(port, ...call.map(mend))];
    }),
  );
}

/** Goes through plain objects and arrays, children after their parent; `change` sees every part with its key. */
export function walk(part: unknown, change: (part: unknown, key?: string) => unknown, key?: string): unknown {
  const changed = change(part, key);
  if (Array.isArray(changed)) return Array.from(changed, (item) => walk(item, change, key));
  if (
    typeof changed !== "object" ||
    changed === null ||
    Object.getPrototypeOf(changed) !== Object.prototype
  ) {
    return changed;
  }
  return Object.fromEntries(Object.entries(changed).map(([name, item]) => [name, walk(item, change, name)]));
}

/** A mutant that mends hostile arguments instead of refusing them. */
export function mendMutant(name: string, target: string, defect: string, change: Change): Mutant {
  return storeMutant(`hostile/${name}`, `hostile/${target}`, defect, (parts): Overrides => {
    const mend = (argument: unknown): unknown => walk(argument, (part, key) => change(part, key, parts));
    return {
      documents: mended(parts.documents, documentMethods, mend),
      log: mended(parts.log, logMethods, mend),
    };
  });
}
