import type {
  CallOptions,
  DocumentBatch,
  DocumentStore,
  DocumentTransfer,
  EventLog,
  EventTransfer,
  SessionAddress,
  Store,
} from "@relevo/core";
import { operationOf, range, says } from "../../samples.ts";

/** One call with its name. */
export type NamedCall = readonly [name: string, call: () => Promise<unknown>];

const imported: DocumentBatch = Object.freeze({
  version: 1,
  documents: [
    {
      namespace: ["imported"],
      key: "k",
      value: "late",
      version: 1,
      tags: [],
      metadata: {},
      createdAt: 1,
      updatedAt: 1,
    },
  ],
});

/** Every method that the store offers, called on this session with input that is valid, and with these options. */
export function everyCall(
  store: Store,
  address: SessionAddress,
  options: CallOptions = {},
): readonly NamedCall[] {
  const log = store.log as EventLog & Partial<EventTransfer>;
  const documents = store.documents as DocumentStore & Partial<DocumentTransfer>;
  const { leases, feed, maintenance } = store;
  const { tenant } = address;
  const document = { ...address, namespace: ["notes"], key: "k" };
  const scope = { tenant, session: address.session };
  const calls: readonly (NamedCall | false)[] = [
    ["log.append", () => log.append(address, [says("x")], { operation: operationOf("late"), ...options })],
    ["log.operation", () => log.operation(address, "send-1", options)],
    ["log.read", () => log.read(address, options)],
    ["log.head", () => log.head(address, options)],
    ["log.touch", () => log.touch(address, { metadata: { late: true }, ...options })],
    ["log.trim", () => log.trim(address, { beforeSeq: 2, ...options })],
    ["log.erase", () => log.erase(address, { seqs: [range(1)], ...options })],
    ["log.list", () => log.list(tenant, options)],
    ["log.scan", () => log.scan(tenant, options)],
    ["log.exportEvents", async () => log.exportEvents?.(address, options)],
    ["log.seal", async () => log.seal?.(address, options)],
    ["log.unseal", async () => log.unseal?.(address, options)],
    ["documents.get", () => documents.get(document, options)],
    ["documents.getMany", () => documents.getMany([document], options)],
    ["documents.put", () => documents.put(document, { value: "late" }, options)],
    ["documents.putMany", () => documents.putMany([{ address: document, value: "late" }], options)],
    ["documents.touch", () => documents.touch(document, { ttlMs: 60_000, ...options })],
    ["documents.find", () => documents.find(scope, options)],
    ["documents.count", () => documents.count(scope, options)],
    ["documents.namespaces", () => documents.namespaces(scope, options)],
    ["documents.exportDocuments", async () => documents.exportDocuments?.(scope, options)],
    ["documents.importDocuments", async () => documents.importDocuments?.({ tenant }, imported, options)],
    [
      "documents.eraseDerived",
      async () => documents.eraseDerived?.(address, { incarnation: "none", ...options }),
    ],
    ["documents.delete", () => documents.delete(document, options)],
    ["documents.deleteMany", () => documents.deleteMany([{ address: document }], options)],
    leases !== undefined && ["leases.acquire", () => leases.acquire(address, { ttlMs: 60_000, ...options })],
    leases !== undefined && ["leases.holder", () => leases.holder(address, options)],
    feed !== undefined && ["feed.changes", () => feed.changes(tenant, options)],
    maintenance !== undefined && ["maintenance.tenants", () => maintenance.tenants(options)],
    maintenance !== undefined && ["maintenance.expire", () => maintenance.expire(options)],
    maintenance !== undefined && ["maintenance.durability", () => maintenance.durability(options)],
    ["log.delete", () => log.delete(address, options)],
  ];
  const absent = new Set<string>([
    ...(log.exportEvents === undefined ? ["log.exportEvents", "log.seal", "log.unseal"] : []),
    ...(documents.exportDocuments === undefined
      ? ["documents.exportDocuments", "documents.importDocuments", "documents.eraseDerived"]
      : []),
  ]);
  return calls.filter((call): call is NamedCall => call !== false && !absent.has(call[0]));
}
