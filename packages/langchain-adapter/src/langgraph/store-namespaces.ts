import type { ListNamespacesOperation, MatchCondition } from "@langchain/langgraph-checkpoint";
import { allPages, defaultLimits } from "@relevo/core";
import { admitInteger, admitNamespace, maxPageSize, readArray, refuse } from "@relevo/core/input";
import type { StoreSettings } from "./store-items.ts";

export function admitList(operation: ListNamespacesOperation, field: string): ListNamespacesOperation {
  const { matchConditions = [], maxDepth, limit, offset } = operation;
  const conditions = readArray(matchConditions, `${field}.matchConditions`, "an array", maxPageSize);
  return {
    matchConditions: conditions.map((condition, place): MatchCondition => {
      const { matchType, path } = condition as MatchCondition;
      const name = `${field}.matchConditions[${place}]`;
      if (matchType !== "prefix" && matchType !== "suffix")
        throw refuse(`${name}.matchType`, "must be prefix or suffix.");
      return { matchType, path: [...admitNamespace(path, `${name}.path`, defaultLimits)] };
    }),
    ...(maxDepth === undefined ? {} : { maxDepth: admitInteger(maxDepth, `${field}.maxDepth`, 1) }),
    limit: admitInteger(limit ?? 100, `${field}.limit`, 0),
    offset: admitInteger(offset ?? 0, `${field}.offset`, 0),
  };
}

/** Reads the namespaces of the longest prefix asked for. */
export async function listNamespaces(
  { documents, tenant, root }: StoreSettings,
  { matchConditions = [], maxDepth, limit, offset }: ListNamespacesOperation,
): Promise<string[][]> {
  const prefixes = matchConditions.filter(({ matchType }) => matchType === "prefix");
  const [longest] = prefixes.toSorted((one, other) => other.path.length - one.path.length);
  const pages = allPages((page) =>
    documents.namespaces(
      { tenant },
      { prefix: [root, ...(longest?.path ?? [])], limit: maxPageSize, ...page },
    ),
  );
  const found = new Map<string, string[]>();
  for await (const namespace of pages) {
    const own = namespace.slice(1);
    if (!matchConditions.every((condition) => matches(condition, own))) continue;
    const cut = own.slice(0, maxDepth);
    found.set(JSON.stringify(cut), cut);
    // They come in order, so that what is cut alike follows each other.
    if (found.size > offset + limit) break;
  }
  return [...found.values()].slice(offset, offset + limit);
}

function matches({ matchType, path }: MatchCondition, namespace: readonly string[]): boolean {
  if (path.length > namespace.length) return false;
  const from = matchType === "prefix" ? 0 : namespace.length - path.length;
  return path.every((element, place) => element === "*" || element === namespace[from + place]);
}
