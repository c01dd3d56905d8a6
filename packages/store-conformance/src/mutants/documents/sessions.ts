import type { DocumentAddress, SessionAddress, SessionGuard } from "@relevo/core";
import { historyLost } from "@relevo/core/input";
import type { Mutant } from "../../harness.ts";
import type { StoreParts } from "../break-store.ts";
import { without } from "../log-mutant.ts";
import { addressIn, documentMutant, everyDocument, putMutant, storeMutant } from "./document-mutant.ts";

function sessionOf({ tenant, session }: DocumentAddress): SessionAddress | undefined {
  return session === undefined ? undefined : { tenant, session };
}

/** Overrides that pass writes on without some of their conditions. */
function unguarded(
  { documents }: StoreParts,
  strip: (guard: SessionGuard, address: DocumentAddress) => SessionGuard,
): Partial<StoreParts["documents"]> {
  return {
    put: async (address, input, options = {}) => documents.put(address, input, strip(options, address)),
    putMany: async (writes, options = {}) =>
      documents.putMany(writes, writes[0] ? strip(options, writes[0].address) : options),
    delete: async (address, options = {}) => documents.delete(address, strip(options, address)),
    deleteMany: async (deletes, options = {}) =>
      documents.deleteMany(deletes, deletes[0] ? strip(options, deletes[0].address) : options),
    touch: async (address, { ttlMs, ...guard }) =>
      documents.touch(address, { ttlMs, ...strip(guard, address) }),
  };
}

const refreshesTheLog = ({ documents, log }: StoreParts): Partial<StoreParts["documents"]> => ({
  async put(address, ...rest) {
    const stored = await documents.put(address, ...rest);
    const session = sessionOf(address);
    if (session !== undefined) await log.touch(session);
    return stored;
  },
});

/** Stores that break what a session means to its documents. */
export const sessionMutants: readonly Mutant[] = [
  putMutant(
    "put-ignores-init",
    "session-put-creates-the-session",
    "a put that creates a session ignores init",
    (input, options) => [input, without(options, "init")],
  ),
  storeMutant(
    "documents/empty-sessions-are-hidden",
    "documents/session-put-creates-the-session",
    "list leaves out sessions without events",
    ({ log }) => ({
      log: {
        async list(...call) {
          const page = await log.list(...call);
          return { ...page, items: page.items.filter(({ version }) => version > 0) };
        },
      },
    }),
  ),
  documentMutant(
    "find-hides-the-incarnation",
    "session-documents-carry-the-incarnation",
    "find returns documents without their incarnation",
    (documents) => ({
      async find(...call) {
        const page = await documents.find(...call);
        return { ...page, items: page.items.map((document) => without(document, "incarnation")) };
      },
    }),
  ),
  storeMutant(
    "documents/session-documents-survive",
    "documents/session-documents-die-with-delete",
    "documents outlive the delete of their session",
    ({ documents, log }) => ({
      log: {
        async delete(address, options) {
          const survivors = await everyDocument(documents, address);
          const deleted = await log.delete(address, options);
          for (const survivor of survivors) {
            const { value, tags, metadata } = survivor;
            await documents.put(addressIn(address, survivor), { value, tags, metadata });
          }
          return deleted;
        },
      },
    }),
  ),
  storeMutant(
    "documents/tag-index-survives",
    "documents/session-documents-die-with-delete",
    "the tags of a deleted session's documents go on leading to them",
    ({ documents, log, shared }) => ({
      documents: {
        async find(scope, options) {
          const page = await documents.find(scope, options);
          const ghosts = shared.get("ghosts") as typeof page.items | undefined;
          const tag = options?.tags?.any?.[0];
          if (ghosts === undefined || tag === undefined || scope.session === undefined) return page;
          return { ...page, items: [...page.items, ...ghosts.filter(({ tags }) => tags.includes(tag))] };
        },
      },
      log: {
        async delete(address, options) {
          shared.set("ghosts", await everyDocument(documents, address));
          return await log.delete(address, options);
        },
      },
    }),
  ),
  documentMutant(
    "put-refreshes-the-session",
    "session-documents-die-with-expiry",
    "a put of a document puts off the expiry of its session",
    (_, parts) => refreshesTheLog(parts),
  ),
  documentMutant(
    "ttl-is-cut-when-written",
    "session-documents-live-with-the-session",
    "a document is given what its session has left when it is written, and no more later",
    (documents, { log }) => ({
      async putMany(writes, options) {
        const session = writes[0] && sessionOf(writes[0].address);
        const head = session && (await log.head(session));
        if (head?.expiresAt === undefined) return await documents.putMany(writes, options);
        const left = head.expiresAt - head.updatedAt;
        const cut = writes.map((write) => ({ ...write, ttlMs: Math.min(write.ttlMs ?? left, left) }));
        return await documents.putMany(cut, options);
      },
    }),
  ),
  putMutant(
    "session-ttl-is-ignored",
    "session-documents-may-end-earlier",
    "the time to live of session documents is ignored",
    (input, options, { session }) => [session === undefined ? input : without(input, "ttlMs"), options],
  ),
  storeMutant(
    "documents/last-document-takes-the-session",
    "documents/session-documents-may-end-earlier",
    "deleting the last document of a session deletes the session",
    ({ documents, log }) => ({
      documents: {
        async delete(address, options) {
          const deleted = await documents.delete(address, options);
          const session = sessionOf(address);
          if (session !== undefined && (await everyDocument(documents, session)).length === 0) {
            await log.delete(session);
          }
          return deleted;
        },
      },
    }),
  ),
  documentMutant(
    "session-documents-show-outside",
    "session-documents-stay-inside",
    "find among the documents that stand alone returns those of sessions too",
    (documents, { log }) => ({
      async find(scope, options = {}) {
        const page = await documents.find(scope, options);
        if (scope.session !== undefined || page.cursor !== undefined) return page;
        const items = [...page.items];
        for (const { session } of (await log.list(scope.tenant)).items) {
          items.push(...(await everyDocument(documents, { ...scope, session }, options)));
        }
        return { items };
      },
    }),
  ),
  documentMutant(
    "session-is-part-of-the-namespace",
    "session-documents-stay-inside",
    "a session document is one that stands alone, below a namespace named like the session",
    (documents) => {
      const folded = ({ tenant, session, namespace, key }: DocumentAddress): DocumentAddress => ({
        tenant,
        namespace: session === undefined ? namespace : [session, ...namespace],
        key,
      });
      return {
        put: async (address, input, options = {}) =>
          documents.put(folded(address), input, without(options, "incarnation", "fence")),
        get: async (address, options) => documents.get(folded(address), options),
        delete: async (address, options) => documents.delete(folded(address), options),
        find: async ({ tenant, session }, options) =>
          documents.find(
            { tenant },
            session === undefined ? options : { ...options, namespacePrefix: [session] },
          ),
      };
    },
  ),
  documentMutant(
    "incarnation-is-ignored",
    "gone-incarnation-is-history-lost",
    "writes ignore the incarnation that they name",
    (_, parts) => unguarded(parts, (guard) => without(guard, "incarnation")),
  ),
  documentMutant(
    "delete-in-a-gone-session-is-false",
    "gone-incarnation-is-history-lost",
    "delete for a gone incarnation finds nothing, and says only that",
    (documents) => ({
      async delete(address, options = {}) {
        return await documents.delete(address, without(options, "incarnation"));
      },
    }),
  ),
  putMutant(
    "any-incarnation-is-gone",
    "named-incarnation-writes",
    "a put that names an incarnation is always refused",
    (input, options) => {
      if (options.incarnation !== undefined) throw historyLost("ended");
      return [input, options];
    },
  ),
  documentMutant("fence-is-ignored", "fence-is-obeyed", "writes of documents ignore the fence", (_, parts) =>
    unguarded(parts, (guard) => without(guard, "fence")),
  ),
  documentMutant("delete-ignores-the-fence", "fence-is-obeyed", "delete ignores the fence", (documents) => ({
    delete: async (address, options = {}) => documents.delete(address, without(options, "fence")),
  })),
  storeMutant(
    "documents/seal-is-for-events-only",
    "documents/seal-is-obeyed",
    "a seal does not keep documents from being written",
    ({ log }) => ({
      log: {
        async seal(address, options) {
          const head = await log.seal(address, options);
          await log.unseal(address);
          return head;
        },
      },
    }),
  ),
  documentMutant(
    "put-bumps-the-revision",
    "documents-leave-the-log-alone",
    "a put of a session document moves the session's revision and idle time",
    (_, parts) => refreshesTheLog(parts),
  ),
  documentMutant(
    "refused-put-leaves-a-session",
    "failed-writes-create-no-session",
    "a put makes the session before it looks at the expected version",
    (documents, { log }) => ({
      async put(address, input, options) {
        const session = sessionOf(address);
        if (session !== undefined && (await log.head(session)) === undefined) {
          await log.append(session, [], { operation: { id: "open", fingerprint: "open" } });
        }
        return await documents.put(address, input, options);
      },
    }),
  ),
  documentMutant(
    "stand-alone-drops-the-guard",
    "stand-alone-takes-no-guard",
    "writes that stand alone drop incarnation and fence without a word",
    (_, parts) =>
      unguarded(parts, (guard, { session }) =>
        session === undefined ? without(guard, "incarnation", "fence") : guard,
      ),
  ),
];
