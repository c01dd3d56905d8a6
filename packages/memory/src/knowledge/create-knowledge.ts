import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentWrite,
  fingerprint,
  isConflict,
  type JsonArray,
  type JsonObject,
  MemoryError,
  type Page,
  type RecallResult,
} from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitId,
  admitInteger,
  admitMetadata,
  admitOptions,
  admitTags,
  admitTime,
  admitTtl,
  callKinds,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
  refuse,
  retry,
  supersededByName,
} from "@relevo/core/input";
import { refuseReserved } from "../entries/entry.ts";
import { memoryOperation } from "../memory-operation.ts";
import { knowledgeNamespace } from "../namespaces.ts";
import { entriesFields } from "../options.ts";
import { searchIn } from "../recall/search.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type {
  Knowledge,
  KnowledgeEntriesOptions,
  KnowledgeEntry,
  KnowledgeText,
  KnowledgeWriteOptions,
  SimilarOptions,
} from "./knowledge.ts";

const textFields: FieldTable = fieldTable<KnowledgeText>({
  id: "selects",
  text: "selects",
  source: "refines",
  at: "refines",
  metadata: "refines",
  tags: "refines",
  ttlMs: "refines",
  derivedFrom: "refines",
  supersedes: "refines",
});
const writeFields: FieldTable = fieldTable<KnowledgeWriteOptions>({ ...callKinds, operationId: "selects" });
const similarFields: FieldTable = fieldTable<SimilarOptions>({
  ...callKinds,
  limit: "refines",
  explain: "refines",
});

/** An admitted text. */
interface Admitted extends Omit<KnowledgeText, "supersedes"> {
  readonly id: string;
  readonly supersedes: readonly string[];
}

/** How often a text that others write at the same time is tried. */
const attempts = 20;
const textsAtOnce = 100;

/** What `Knowledge` promises. */
export function createKnowledge(runtime: Runtime, tenant: string, name: string): Knowledge {
  const { limits } = runtime;
  const namespace = knowledgeNamespace(name);
  const addressOf = (id: string): DocumentAddress => ({ tenant, namespace, key: id });
  const admitIds = (given: unknown, field: string): readonly string[] =>
    readArray(given, field, "an array of ids", limits.batchItems).map((id, index) =>
      admitId(id, `${field}[${index}]`, limits),
    );

  function admitText(given: KnowledgeText, field: string): Admitted {
    const { id, text, source, supersedes, ...rest } = admitFields(given, field, textFields);
    if (typeof text !== "string" || text.trim() === "")
      throw refuse(`${field}.text`, "must be a text that is not empty.");
    if (source !== undefined && typeof source !== "string")
      throw refuse(`${field}.source`, "must be a string.");
    const { value: metadata } = admitMetadata(rest.metadata, `${field}.metadata`, limits);
    refuseReserved(metadata, `${field}.metadata`);
    return {
      id: id === undefined ? fingerprint([source ?? null, text]) : admitId(id, `${field}.id`, limits),
      text,
      source,
      at: admitTime(rest.at, `${field}.at`),
      metadata,
      tags: admitTags(rest.tags, `${field}.tags`, limits),
      ttlMs: admitTtl(rest.ttlMs, `${field}.ttlMs`),
      derivedFrom: rest.derivedFrom,
      supersedes: admitIds(supersedes ?? [], `${field}.supersedes`),
    };
  }

  /** The writes of the texts, and those that note at other texts what supersedes them. */
  async function writesOf(texts: readonly Admitted[], call: CallOptions): Promise<readonly DocumentWrite[]> {
    const notes = new Map<string, string[]>();
    for (const { id, supersedes } of texts)
      for (const other of supersedes) {
        if (other === id) throw refuse("texts", `has ${JSON.stringify(id)}, which would supersede itself.`);
        const ids = notes.get(other) ?? [];
        notes.set(other, ids);
        ids.push(id);
      }
    const noted = (id: string): JsonObject => {
      const ids = notes.get(id);
      return ids === undefined
        ? {}
        : { [supersededByName]: ids.map((key) => ({ namespace, key })) as JsonArray };
    };
    const own = new Set(texts.map(({ id }) => id));
    const writes: DocumentWrite[] = texts.map((text) => ({
      address: addressOf(text.id),
      ...inputOf(text, noted(text.id)),
    }));
    const others = [...notes.keys()].filter((id) => !own.has(id));
    if (others.length === 0) return writes;
    const found = await runtime.durable.documents.getMany(others.map(addressOf), call);
    for (const document of found) {
      if (document === undefined) continue;
      const before = (document.metadata[supersededByName] ?? []) as JsonArray;
      const added = (noted(document.key)[supersededByName] ?? []) as JsonArray;
      const known = new Set(before.map(fingerprint));
      const all = [...before, ...added.filter((one) => !known.has(fingerprint(one)))];
      writes.push({
        address: addressOf(document.key),
        value: document.value,
        tags: document.tags,
        metadata: { ...document.metadata, [supersededByName]: all },
        derivedFrom: document.derivedFrom,
        ttlMs:
          document.expiresAt === undefined
            ? undefined
            : Math.max(1, Math.ceil(document.expiresAt - runtime.clock.now())),
        expectedVersion: document.version,
      });
    }
    return writes;
  }

  return {
    name,
    collection: (other) => createKnowledge(runtime, tenant, admitId(other, "collection", limits)),
    async add(given, givenOptions) {
      const options = admitOptions(givenOptions, writeFields);
      const list = Array.isArray(given)
        ? readArray(given, "texts", "an array of texts", limits.batchItems, "batchItems")
        : [given];
      const all = list.map((text, index) => admitText(text as KnowledgeText, `texts[${index}]`));
      const texts = distinct(all);
      runtime.requireOpen();
      if (texts.length === 0) return [];
      const operation = memoryOperation(runtime, namespace, options.operationId, { add: texts });
      const call = signalOf(options);
      const stored = await retry(
        async () => runtime.durable.documents.putMany(await writesOf(texts, call), { ...operation, ...call }),
        {
          name: "knowledge-add",
          attempts,
          delayMs: 5,
          random: runtime.random,
          signal: options.signal,
          when: (error) => isConflict(error, "version"),
          exhausted: (error) => error,
        },
      );
      const entries = new Map(stored.map((document) => [document.key, entryOf(document)]));
      return all.flatMap(({ id }) => entries.get(id) ?? []);
    },
    async get(id, given) {
      const call = admitCall(given);
      runtime.requireOpen();
      const document = await runtime.durable.documents.get(addressOf(admitId(id, "id", limits)), call);
      return document && entryOf(document);
    },
    async remove(given, givenOptions) {
      const options = admitOptions(givenOptions, writeFields);
      const ids = typeof given === "string" ? [admitId(given, "ids", limits)] : admitIds(given, "ids");
      runtime.requireOpen();
      if (ids.length === 0) return 0;
      const distinct = [...new Set(ids)];
      const operation = memoryOperation(runtime, namespace, options.operationId, { remove: ids });
      const deletes = distinct.map((id) => ({ address: addressOf(id) }));
      const removed = await runtime.durable.documents.deleteMany(deletes, {
        ...operation,
        ...signalOf(options),
      });
      for (const index of runtime.indexes)
        for (const key of distinct)
          await index.remove(tenant, { namespacePrefix: namespace, key }, signalOf(options));
      return removed;
    },
    async clear(given) {
      const call = admitCall(given);
      runtime.requireOpen();
      const { documents } = runtime.durable;
      const limit = Math.min(textsAtOnce, limits.batchItems);
      let removed = 0;
      let cursor: string | undefined;
      do {
        const page = await documents.find({ tenant }, { namespace, limit, cursor, ...call });
        const deletes = page.items.map(({ key }) => ({ address: addressOf(key) }));
        if (deletes.length > 0) removed += await documents.deleteMany(deletes, call);
        cursor = page.cursor;
      } while (cursor !== undefined);
      for (const index of runtime.indexes) await index.remove(tenant, { namespacePrefix: namespace }, call);
      return removed;
    },
    async entries(given: KnowledgeEntriesOptions = {}): Promise<Page<KnowledgeEntry>> {
      const options = admitOptions(given, entriesFields);
      runtime.requireOpen();
      const page = await runtime.durable.documents.find({ tenant }, { ...options, namespace });
      return {
        items: page.items.map(entryOf),
        ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
      };
    },
    async similar(id, given): Promise<RecallResult> {
      const { limit: most, explain, signal } = admitOptions(given, similarFields);
      const limit = admitInteger(most ?? 10, "options.limit", 1, maxPageSize - 1);
      runtime.requireOpen();
      const document = await runtime.durable.documents.get(addressOf(admitId(id, "id", limits)), { signal });
      if (document === undefined)
        throw new MemoryError("not-found", `There is no knowledge of the id ${JSON.stringify(id)}.`);
      const { text } = entryOf(document);
      const query = {
        text,
        in: ["knowledge"],
        namespaces: [namespace],
        limit: limit + 1,
        explain,
        signal,
      } as const;
      const { hits, missing } = await searchIn(runtime, tenant, query);
      const others = hits.filter(({ source }) => source.kind === "document" && source.key !== id);
      return { hits: others.slice(0, limit), missing };
    },
  };
}

/** The same text twice is one; two texts of one id are a mistake. */
function distinct(texts: readonly Admitted[]): readonly Admitted[] {
  const known = new Map<string, Admitted>();
  for (const [index, text] of texts.entries()) {
    const before = known.get(text.id);
    if (before !== undefined && fingerprint(before) !== fingerprint(text))
      throw refuse(`texts[${index}].id`, "is that of another text before it.");
    known.set(text.id, text);
  }
  return [...known.values()];
}

function inputOf({ text, source, at, metadata, ...rest }: Admitted, notes: JsonObject): DocumentInput {
  const { tags, ttlMs, derivedFrom } = rest;
  const value = {
    text,
    ...(source === undefined ? {} : { source }),
    ...(at === undefined ? {} : { at }),
  };
  return { value, tags, ttlMs, derivedFrom, metadata: { ...metadata, ...notes } };
}

function entryOf(document: Document): KnowledgeEntry {
  const { text, source, at } = document.value as unknown as Pick<KnowledgeEntry, "text" | "source" | "at">;
  const { [supersededByName]: noted, ...metadata } = document.metadata;
  const { key, tags, version, createdAt, updatedAt, expiresAt, derivedFrom } = document;
  const keys = (noted ?? []) as unknown as readonly { readonly key: string }[];
  return Object.freeze({
    id: key,
    text,
    ...(source === undefined ? {} : { source }),
    ...(at === undefined ? {} : { at }),
    metadata: Object.freeze(metadata),
    tags,
    version,
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(derivedFrom === undefined ? {} : { derivedFrom }),
    ...(keys.length === 0 ? {} : { supersededBy: Object.freeze(keys.map((one) => one.key)) }),
  });
}
