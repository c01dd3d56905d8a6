import { compareUtf8 } from "@relevo/core/input";
import {
  type AdmittedNamespaces,
  type Answer,
  beginsLikePattern,
  compareNamespaces,
  type DriverPage,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "@relevo/core/store";
import { replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { namespacesFrom } from "../scripts/scripts.generated.ts";
import { type DocumentUnit, documentUnitOf, isReadable, unitsOf } from "./document-unit.ts";

const chunk = 100;
/** How many namespaces one call looks at beyond those it lists. */
const lookBudget = 2000;

/** Goes from namespace to namespace in each unit, and merges; the cost follows their number, not that of documents. */
export async function listNamespaces(
  context: StoreContext,
  request: AdmittedNamespaces,
): Promise<Answer<DriverPage<readonly string[], readonly string[]>>> {
  const { prefix, suffix, maxDepth, limit, after } = request;
  const signal = context.connection.scope(request.signal);
  const [first, second] = prefix;
  // All below two elements is of one owner, and so in one unit.
  const isOfOwner = first !== undefined && second !== undefined && first !== "*" && second !== "*";
  const units = isOfOwner
    ? [documentUnitOf(context, request.scope, prefix)]
    : unitsOf(context, request.scope);
  const readable = await isReadable(context, units[0], signal);
  if (readable.refused !== undefined) return readable;
  if (!readable.ok) return { ok: { items: [] } };
  const start = namespaceListStart(prefix);
  let from = after === undefined ? start : placeBehindNamespace(after, maxDepth);
  if (compareUtf8(from, start) < 0) from = start;
  // Cutting before matching would lose what only the cut part of a namespace decides.
  const depth = suffix.length === 0 && prefix.length <= maxDepth ? maxDepth : Number.MAX_SAFE_INTEGER;
  const items: (readonly string[])[] = [];
  let looked = 0;
  for (;;) {
    const { namespaces, next } = await nextNamespaces(context, units, from, depth, signal);
    for (const namespace of namespaces) {
      looked++;
      if (!beginsLikePattern(namespace, prefix)) return { ok: { items } };
      if (!matchesNamespace(namespace, prefix, suffix)) continue;
      const cut = namespace.length > maxDepth ? namespace.slice(0, maxDepth) : namespace;
      const last = items.at(-1);
      if (last !== undefined && compareNamespaces(cut, last) === 0) continue;
      // A forged cursor may stand inside what was cut; nothing is listed that is not behind it.
      if (after !== undefined && compareNamespaces(cut, after) <= 0) continue;
      if (items.length === limit && last !== undefined) return { ok: { items, next: last } };
      items.push(cut);
    }
    if (next === undefined) return { ok: { items } };
    const last = namespaces.at(-1);
    // A cursor leads behind all that is cut to it: where that may hide what is still to be looked at, this goes on.
    if (looked >= limit + lookBudget && last !== undefined && (depth === maxDepth || last.length < maxDepth))
      return { ok: { items, next: last } };
    const listed = items.at(-1);
    const behind = listed === undefined ? next : placeBehindNamespace(listed, maxDepth);
    from = compareUtf8(next, behind) < 0 ? behind : next;
  }
}

async function nextNamespaces(
  { connection }: StoreContext,
  units: readonly DocumentUnit[],
  from: string,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly namespaces: readonly (readonly string[])[]; readonly next: string | undefined }> {
  const lists = await Promise.all(
    units.map(async ({ keys }) => {
      const args = { from, limit: chunk, depth };
      const answer = await connection.script(namespacesFrom, keys, args, { signal });
      const [, next = "", ...found] = replyOf(answer) as readonly string[];
      return { next: next === "" ? undefined : next, found };
    }),
  );
  // Behind the place where one unit stopped may be others of it, so the merge stops there.
  let next: string | undefined;
  for (const list of lists) {
    if (list.next !== undefined && (next === undefined || compareUtf8(list.next, next) < 0)) next = list.next;
  }
  const end = next;
  const unique = new Map<string, readonly string[]>();
  for (const text of lists.flatMap(({ found }) => found)) {
    const namespace = text.split("\0\u0001");
    if (end === undefined || compareUtf8(`${text}\0`, end) < 0) unique.set(text, namespace);
  }
  return { namespaces: [...unique.values()].sort(compareNamespaces), next };
}
