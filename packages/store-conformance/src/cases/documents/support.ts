import {
  allPages,
  type ConflictKind,
  type Document,
  type DocumentAddress,
  type DocumentScope,
  type FindOptions,
  type JsonValue,
  MemoryError,
  type MemoryErrorCode,
  type NamespacesOptions,
  type Page,
  type SessionAddress,
  type Store,
} from "@relevo/core";
import { check, equal, refuses } from "../../expect.ts";
import type { Capability, CaseContext, ConformanceArea, ConformanceCase } from "../../harness.ts";

/** Short enough to wait for on a real clock. Where it must not pass too early, a case uses `inTime`. */
export const shortTtlMs = 1000;

/** How long to let pass so that `shortTtlMs` is over for certain. */
export const pastShortTtlMs: number = shortTtlMs + 100;

/** Makes a case whose id begins with its area. */
export function caseOf(
  area: ConformanceArea,
  name: string,
  contract: string,
  run: (context: CaseContext) => Promise<void>,
  needs?: readonly Capability[],
): ConformanceCase {
  return { id: `${area}/${name}`, area, contract, run, ...(needs === undefined ? {} : { needs }) };
}

/** The address of a document that stands alone. */
export function standAlone(
  context: CaseContext,
  key: string,
  namespace: readonly string[] = ["notes"],
): DocumentAddress {
  return { tenant: context.tenant, namespace, key };
}

/** The address of a document of a session. */
export function ofSession(
  address: SessionAddress,
  key: string,
  namespace: readonly string[] = ["notes"],
): DocumentAddress {
  return { ...address, namespace, key };
}

/** The two handles with a name for messages. */
export function bothHandles(context: CaseContext): readonly (readonly [string, Store])[] {
  return [
    ["the handle that wrote", context.store],
    ["the second handle", context.other],
  ];
}

/** Fails unless the call is refused with one of these codes. Which of them is the store's choice. */
export async function refusedWithAny(
  codes: readonly MemoryErrorCode[],
  what: string,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    const found = MemoryError.isInstance(error) ? error.code : String(error);
    check(
      codes.some((code) => code === found),
      `${what}: expected ${codes.join(" or ")}, got ${found}`,
    );
    return;
  }
  check(false, `${what}: expected a refusal with ${codes.join(" or ")}, but the call succeeded`);
}

/** Fails unless the call is a conflict of this kind, with these details. Returns the error for a closer look. */
export async function conflicts(
  kind: ConflictKind,
  what: string,
  call: () => Promise<unknown>,
  details: { readonly [name: string]: JsonValue } = {},
): Promise<MemoryError> {
  return await refuses(call, "conflict", what, { conflict: kind, ...details });
}

/** Lets pass how long tenant-wide lists may lag, so that what was written shows. Nothing where nothing lags. */
export async function settle(context: CaseContext): Promise<void> {
  if (context.lagMs !== undefined && context.lagMs > 0) await context.advance(context.lagMs);
}

/** Reads every page, with a bound so that a cursor that runs in circles ends as a failure. */
export async function collect<Item>(
  list: (page: { readonly cursor?: string | undefined }) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let pages = 0;
  for await (const item of allPages((page) => {
    check(++pages <= 5000, "a listing went on for 5000 pages: its cursor does not move on");
    return list(page);
  })) {
    items.push(item);
  }
  return items;
}

export async function findAll(
  context: CaseContext,
  store: Store,
  scope: DocumentScope,
  options: FindOptions = {},
): Promise<readonly Document[]> {
  if (scope.session === undefined) await settle(context);
  return await collect((page) => store.documents.find(scope, { ...options, ...page }));
}

/** The keys that a find among the case's stand-alone documents returns, in its order. */
export async function keysFound(
  context: CaseContext,
  store: Store,
  options: FindOptions = {},
): Promise<readonly string[]> {
  return (await findAll(context, store, { tenant: context.tenant }, options)).map(({ key }) => key);
}

/** The namespaces of the case's stand-alone documents. */
export async function namespacesFound(
  context: CaseContext,
  store: Store,
  options: NamespacesOptions = {},
): Promise<readonly (readonly string[])[]> {
  await settle(context);
  const scope = { tenant: context.tenant };
  return await collect((page) => store.documents.namespaces(scope, { ...options, ...page }));
}

/** Everything that a tenant can see: documents, sessions, their events and their documents. */
export async function snapshot(
  context: CaseContext,
  store: Store,
  tenant: string = context.tenant,
): Promise<unknown> {
  const documents = await findAll(context, store, { tenant });
  const sessions: unknown[] = [];
  for (const head of await collect((page) => store.log.list(tenant, page))) {
    const address = { tenant, session: head.session };
    const { events } = await store.log.read(address, { limit: 1000, retracted: "include" });
    sessions.push({ head, events, documents: await findAll(context, store, address) });
  }
  return { documents, sessions };
}

/** Fails unless an action leaves everything that the tenant can see as it was, through both handles. */
export async function changesNothing(
  context: CaseContext,
  what: string,
  action: () => Promise<void>,
): Promise<void> {
  const before = await snapshot(context, context.other);
  await action();
  for (const [name, store] of bothHandles(context)) {
    equal(await snapshot(context, store), before, `${what} must change nothing that ${name} sees`);
  }
}

/** The part of a document that its writer chose. */
export function contentOf(document: Document | undefined): unknown {
  if (document === undefined) return undefined;
  const { namespace, key, value, tags, metadata } = document;
  return { namespace, key, value, tags, metadata };
}
