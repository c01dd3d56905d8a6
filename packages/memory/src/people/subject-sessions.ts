import { allPages, type CallOptions, type SessionHead } from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { isForkOf } from "../session/fork-origin.ts";

/** Sessions on one page of a list. */
const pageSize = 50;

/** Where sessions are, each place once. */
export function placesOf({ sessions, archive }: Runtime): readonly MemoryStore[] {
  return archive === undefined ? [sessions] : [sessions, archive];
}

/** Pages of the sessions of a person in one store, by id. */
export async function* sessionsOfUser(
  store: MemoryStore,
  tenant: string,
  user: string,
  { signal }: CallOptions,
): AsyncGenerator<readonly SessionHead[], void, void> {
  let cursor: string | undefined;
  do {
    const page = await store.log.list(tenant, { subject: user, limit: pageSize, cursor, signal });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/**
 * These sessions and all that were forked from them, each once, and forks before the sessions that they were forked from:
 * whoever removes them in this order and is interrupted finds the rest again.
 */
export async function* withForks(
  store: MemoryStore,
  tenant: string,
  heads: readonly SessionHead[],
  options: CallOptions,
): AsyncGenerator<SessionHead, void, void> {
  const seen = new Set<string>();
  for (const root of heads) {
    const stack: { readonly head: SessionHead; readonly isOpen: boolean }[] = [{ head: root, isOpen: false }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { head, isOpen } = next;
      if (isOpen) {
        yield head;
        continue;
      }
      if (seen.has(head.session)) continue;
      seen.add(head.session);
      stack.push({ head, isOpen: true });
      for await (const fork of forksOf(store, tenant, head, options)) {
        if (!seen.has(fork.session)) stack.push({ head: fork, isOpen: false });
      }
    }
  }
}

/**
 * The forks that documents of `parent` in `store` name and that are in `place`. Not a session that has taken the id of a fork
 * that is gone: only a fork knows this parent.
 */
export async function* forksOf(
  store: MemoryStore,
  tenant: string,
  parent: Pick<SessionHead, "session" | "incarnation">,
  { signal }: CallOptions,
  place: MemoryStore = store,
): AsyncGenerator<SessionHead, void, void> {
  const find = (cursor: { readonly cursor?: string }) =>
    store.documents.find(
      { tenant, session: parent.session },
      { ...cursor, namespace: namespaces.forks, signal },
    );
  for await (const { key } of allPages(find)) {
    const head = await place.log.head({ tenant, session: key }, { signal });
    if (head !== undefined && isForkOf(head, parent)) yield head;
  }
}
