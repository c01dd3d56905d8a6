import type { AppendOptions, DocumentAddress, EventInput, JsonValue, Store } from "@relevo/core";
import { says } from "../../samples.ts";

/** A call that puts hostile input in one place, all else being good. */
export type Attempt = readonly [place: string, call: () => Promise<unknown>];

/** An eighth of the attempts, at least one. Another eighth for each group of them, so that together they come to all. */
export function someOf<Item>(attempts: readonly Item[], group: number): readonly Item[] {
  const step = Math.min(8, attempts.length);
  return attempts.filter((_, index) => index % step === group % step);
}

/** Every place of the ports where an id goes, with this one in it. */
export function idPlaces(store: Store, tenant: string, id: string): readonly Attempt[] {
  const { documents, log, leases } = store;
  const address: DocumentAddress = { tenant, namespace: ["n"], key: "k" };
  const session = { tenant, session: "s" };
  const input = { value: 1 };
  const append =
    (options: AppendOptions, event: Partial<EventInput> = {}) =>
    (): Promise<unknown> =>
      log.append(session, [{ ...says("x"), ...event } as EventInput], options);
  const addresses: readonly (readonly [string, DocumentAddress])[] = [
    ["tenant", { ...address, tenant: id }],
    ["session", { ...address, session: id }],
    ["namespace", { ...address, namespace: ["n", id] }],
    ["key", { ...address, key: id }],
  ];
  const sessions = [
    ["tenant", { tenant: id, session: "s" }],
    ["session", { tenant, session: id }],
  ] as const;
  return [
    ...addresses.flatMap(([part, hostile]): Attempt[] => [
      [`${part} of get`, () => documents.get(hostile)],
      [`${part} of getMany`, () => documents.getMany([hostile])],
      [`${part} of put`, () => documents.put(hostile, input)],
      [`${part} of putMany`, () => documents.putMany([{ address: hostile, ...input }])],
      [`${part} of delete`, () => documents.delete(hostile)],
      [`${part} of deleteMany`, () => documents.deleteMany([{ address: hostile }])],
      [`${part} of touch`, () => documents.touch(hostile, { ttlMs: 1 })],
    ]),
    ["tags of put", () => documents.put(address, { ...input, tags: ["t", id] })],
    ["incarnation of put", () => documents.put({ ...address, session: "s" }, input, { incarnation: id })],
    [
      "init.subject of put",
      () => documents.put({ ...address, session: "s" }, input, { init: { subject: id } }),
    ],
    ["tenant of find", () => documents.find({ tenant: id })],
    ["session of find", () => documents.find({ tenant, session: id })],
    ["namespace of find", () => documents.find({ tenant }, { namespace: [id] })],
    ["namespacePrefix of find", () => documents.find({ tenant }, { namespacePrefix: ["n", id] })],
    ["tags.any of find", () => documents.find({ tenant }, { tags: { any: [id] } })],
    ["tags.all of find", () => documents.find({ tenant }, { tags: { all: ["t", id] } })],
    ["keyAfter of find", () => documents.find({ tenant }, { keyAfter: id })],
    ["keyBefore of find", () => documents.find({ tenant }, { keyBefore: id })],
    ["where path of find", () => documents.find({ tenant }, { where: { path: ["value", id], $eq: 1 } })],
    ["tenant of count", () => documents.count({ tenant: id })],
    ["session of count", () => documents.count({ tenant, session: id })],
    ["namespace of count", () => documents.count({ tenant }, { namespace: ["n", id] })],
    ["namespacePrefix of count", () => documents.count({ tenant }, { namespacePrefix: [id] })],
    ["tenant of namespaces", () => documents.namespaces({ tenant: id })],
    ["session of namespaces", () => documents.namespaces({ tenant, session: id })],
    ["prefix of namespaces", () => documents.namespaces({ tenant }, { prefix: [id] })],
    ["suffix of namespaces", () => documents.namespaces({ tenant }, { suffix: ["n", id] })],
    ...sessions.flatMap(([part, hostile]): Attempt[] => [
      [`${part} of append`, () => log.append(hostile, [says("x")])],
      [`${part} of read`, () => log.read(hostile)],
      [`${part} of head`, () => log.head(hostile)],
      [`${part} of operation`, () => log.operation(hostile, "o")],
      [`${part} of touch of the log`, () => log.touch(hostile, { ttlMs: 1 })],
      [`${part} of trim`, () => log.trim(hostile, { beforeSeq: 2 })],
      [`${part} of erase`, () => log.erase(hostile, { seqs: [{ from: 1, to: 1 }] })],
      [`${part} of delete of the log`, () => log.delete(hostile)],
      ...(leases === undefined
        ? []
        : [[`${part} of acquire`, () => leases.acquire(hostile, { ttlMs: 1000 })] as const]),
    ]),
    ["tenant of list", () => log.list(id)],
    ["prefix of list", () => log.list(tenant, { prefix: id })],
    ["subject of list", () => log.list(tenant, { subject: id })],
    ["tenant of scan", () => log.scan(id)],
    ["agent of scan", () => log.scan(tenant, { agent: id })],
    ["id of operation", () => log.operation(session, id)],
    ["agent of read", () => log.read(session, { agent: id })],
    ["operation.id of append", append({ operation: { id, fingerprint: "f" } })],
    ["operation.fingerprint of append", append({ operation: { id: "o", fingerprint: id } })],
    ["incarnation of append", append({ incarnation: id })],
    ["init.subject of append", append({ init: { subject: id } })],
    ["subject of touch", () => log.touch(session, { subject: id })],
    ["agent of an event", append({}, { agent: id })],
    ["type of an event", () => log.append(session, [{ type: `x-${id}`, body: 1 } as EventInput])],
  ];
}

/** Every place of the ports where a JSON value goes, with this one in it. */
export function valuePlaces(store: Store, tenant: string, hostile: unknown): readonly Attempt[] {
  const { documents, log } = store;
  const address: DocumentAddress = { tenant, namespace: ["n"], key: "k" };
  const session = { tenant, session: "s" };
  const value = hostile as JsonValue;
  const metadata = { it: value };
  const appends = (event: object) => (): Promise<unknown> =>
    log.append(session, [says("before"), event as EventInput, says("after")]);
  return [
    ["value of put", () => documents.put(address, { value })],
    ["deep in a value of put", () => documents.put(address, { value: { list: [1, { it: value }] } })],
    ["value of a session document", () => documents.put({ ...address, session: "s" }, { value })],
    [
      "a value in the middle of putMany",
      () =>
        documents.putMany([
          { address, value: 1 },
          { address: { ...address, key: "k2" }, value },
          { address: { ...address, key: "k3" }, value: 3 },
        ]),
    ],
    ["metadata of put", () => documents.put(address, { value: 1, metadata })],
    ["operand of where", () => documents.find({ tenant }, { where: { path: ["value"], $in: [value] } })],
    ["body of an event", appends({ type: "x-custom", body: { it: value } })],
    ["metadata of an event", appends({ ...says("x"), metadata })],
    ["metadata of a message", appends({ type: "message", body: { role: "user", content: "x", metadata } })],
    ["init.metadata of append", () => log.append(session, [says("x")], { init: { metadata } })],
    ["metadata of touch", () => log.touch(session, { metadata })],
  ];
}
