import {
  allPages,
  type CallOptions,
  type Document,
  type FindOptions,
  MemoryError,
  readAll,
  type SessionHead,
} from "@relevo/core";
import { throwIfAborted } from "@relevo/core/input";
import { madeInTag } from "./entry.ts";
import { documentsAtOnce } from "./erase-session.ts";
import { storesOf } from "./list-people.ts";
import { namespaces, userNamespace } from "./namespaces.ts";
import type { MemoryStore, Runtime } from "./runtime.ts";
import { sessionsOfUser, withForks } from "./subject-sessions.ts";

/** Moves with each change that a reader of exports has to know of. */
const formatVersion = 1;

/** Events on one page: each may be large, and a page is held at once. */
const eventsAtOnce = 100;

type Line = { readonly kind: string } & { readonly [name: string]: unknown };

/** What `user.export` promises. */
export async function* exportUser(
  runtime: Runtime,
  tenant: string,
  user: string,
  options: CallOptions,
): AsyncGenerator<string, void, void> {
  runtime.requireOpen();
  throwIfAborted(options.signal);
  yield textOf({ kind: "relevo-export", version: formatVersion, tenant, user, at: runtime.clock.now() });
  const counts: Record<string, number> = { session: 0, event: 0, document: 0 };
  for await (const line of linesOf(runtime, tenant, user, options)) {
    counts[line.kind] = (counts[line.kind] ?? 0) + 1;
    yield textOf(line);
  }
  yield textOf({ kind: "end", counts });
}

function textOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

async function* linesOf(
  runtime: Runtime,
  tenant: string,
  user: string,
  options: CallOptions,
): AsyncGenerator<Line, void, void> {
  for (const store of storesOf(runtime)) {
    for await (const heads of sessionsOfUser(store, tenant, user, options)) {
      for await (const head of withForks(store, tenant, heads, options)) {
        yield* sessionLines(store, tenant, head, options);
        const learned = { namespacePrefix: namespaces.agents, tags: { any: [madeInTag(head.session)] } };
        for (const place of new Set([runtime.durable, runtime.volatile]))
          yield* documentLines(place, { tenant }, learned, options);
      }
    }
    yield* documentLines(store, { tenant }, { namespacePrefix: userNamespace(user) }, options);
  }
}

/** A session that ends while it is read has no more lines, and a last one that says so. */
async function* sessionLines(
  store: MemoryStore,
  tenant: string,
  head: SessionHead,
  { signal }: CallOptions,
): AsyncGenerator<Line, void, void> {
  const { session, incarnation } = head;
  const address = { tenant, session };
  const { token: _, ...facts } = head;
  yield { kind: "session", ...facts };
  try {
    const pages = readAll(
      store.log,
      { address, incarnation },
      { retracted: "include", limit: eventsAtOnce, signal },
    );
    for await (const events of pages) {
      for (const event of events) yield { kind: "event", session, ...event };
    }
  } catch (error) {
    if (!MemoryError.isInstance(error, "history-lost")) throw error;
    yield { kind: "ended", session };
    return;
  }
  yield* documentLines(store, address, {}, { signal });
}

async function* documentLines(
  { documents }: MemoryStore,
  scope: { readonly tenant: string; readonly session?: string },
  filter: FindOptions,
  { signal }: CallOptions,
): AsyncGenerator<Line, void, void> {
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find(scope, { ...filter, ...cursor, limit: documentsAtOnce, signal });
  const { session } = scope;
  for await (const document of allPages<Document>(find))
    yield { kind: "document", ...(session === undefined ? {} : { session }), ...document };
}
