import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { traceMemory, traceStore } from "../../src/telemetry/index.ts";
import { collectTraces } from "./traces.ts";

/**
 * What a backend keeps that draws memory from spans, by the attributes of the conventions alone: stores with their
 * records, the bodies of each record in order, who read it, and searches that found nothing.
 */
interface History {
  readonly stores: Map<string, Map<string, { versions: string[]; reads: number; live: boolean }>>;
  readonly emptySearches: string[];
  /** Which stores came and went, in order. */
  readonly lives: string[];
}

function buildHistory(spans: readonly ReadableSpan[]): History {
  const history: History = { stores: new Map(), emptySearches: [], lives: [] };
  for (const { attributes, status } of spans) {
    const operation = attributes["gen_ai.operation.name"];
    if (typeof operation !== "string" || status.code === SpanStatusCode.ERROR) continue;
    const store = String(attributes["gen_ai.memory.store.id"] ?? "");
    const records = history.stores.get(store) ?? new Map();
    history.stores.set(store, records);
    const at = (id: string) => {
      const record = records.get(id) ?? { versions: [], reads: 0, live: true };
      records.set(id, record);
      return record;
    };
    const given = attributes["gen_ai.memory.records"];
    const listed: { id: string; content: unknown }[] = typeof given === "string" ? JSON.parse(given) : [];
    const id = attributes["gen_ai.memory.record.id"];
    const query = attributes["gen_ai.memory.query.text"];
    if (operation.endsWith("_memory_store")) history.lives.push(`${operation} ${store}`);
    if (operation === "create_memory_store") continue;
    if (operation === "delete_memory_store" || (operation === "delete_memory" && id === undefined))
      for (const record of records.values()) record.live = false;
    else if (operation === "delete_memory") at(String(id)).live = false;
    else if (operation === "search_memory") {
      for (const record of listed) at(record.id).reads++;
      if (listed.length === 0 && typeof query === "string") history.emptySearches.push(query);
    } else {
      // Content may be off: a write without a body is a version of the record that it names.
      const written = listed.length > 0 ? listed : [{ id: String(id), content: "no body" }];
      for (const record of written) {
        const known = at(record.id);
        known.live = true;
        known.versions.push(JSON.stringify(record.content));
      }
    }
  }
  return history;
}

it("is enough for a backend to show stores, records with versions, what changed, what was read and what was not found", async () => {
  using traces = collectTraces();
  await using plain = createMemoryStore({ sweepIntervalMs: 0 });
  const store = traceStore(plain, { inProcess: true, content: (value) => value });
  const acme = traceMemory(createMemory({ store })).tenant("acme");
  const planner = acme.agent("planner");
  await planner.remember("style", "formal");
  await planner.update("style", (style) => `${style}, short`);
  await planner.remember("language", "es");
  await planner.forget("language");
  await planner.recall("style");
  await planner.remember("style", "x", { expectedVersion: 1 }).catch(() => undefined);
  const user = { tenant: "acme", namespace: ["users", "u-7", "history"], key: "name" };
  await store.documents.putMany([
    { address: user, value: { name: "Ana" } },
    { address: { ...user, namespace: ["users", "u-7"], key: "city" }, value: "Lima" },
  ]);
  await store.documents.deleteMany([{ address: user }]);
  await store.documents.find({ tenant: "acme" }, { namespacePrefix: ["users", "u-7"], text: "Lima" });
  await store.documents.find({ tenant: "acme" }, { namespacePrefix: ["users", "u-7"], text: "Quito" });
  const lead = acme.session("lead/1");
  await lead.append({ role: "user", content: "one" }, { operationId: "a" });
  await lead.append({ role: "user", content: "one" }, { operationId: "a" });
  await lead.append({ role: "user", content: "two" });
  await lead.working.remember("step", 1);
  await lead.erase({ seqs: [1] });
  const gone = acme.session("gone");
  await gone.append({ role: "user", content: "three" });
  await gone.delete();
  // Nothing is there any more, and nothing is deleted.
  await gone.delete();

  const { stores, emptySearches, lives } = buildHistory(traces.spans());
  const seen = Object.fromEntries(
    [...stores]
      .filter(([, records]) => records.size > 0)
      .map(([id, records]) => [
        id,
        Object.fromEntries(
          [...records].map(([record, { versions, reads, live }]) => [
            record,
            { bodies: versions.map((body) => short(JSON.parse(body))), read: reads > 0, live },
          ]),
        ),
      ]),
  );
  expect(seen).toEqual({
    "acme/relevo/agents": {
      "durable/planner/style": { bodies: ["formal", "formal, short"], read: true, live: true },
      // To forget it is to read it first: it goes together with its past values, and only as it was read.
      "durable/planner/language": { bodies: ["es"], read: true, live: false },
    },
    "acme/users/u-7": {
      "history/name": { bodies: [{ name: "Ana" }], read: false, live: false },
      city: { bodies: ["Lima"], read: true, live: true },
    },
    "acme/session:lead%2F1": {
      "events/1": { bodies: ["one"], read: false, live: false },
      "events/2": { bodies: ["two"], read: false, live: true },
      "documents/relevo/working/step": { bodies: [1], read: false, live: true },
    },
    "acme/session:gone": { "events/1": { bodies: ["three"], read: false, live: false } },
  });
  expect(emptySearches).toEqual(["Quito"]);
  expect(lives).toEqual([
    "create_memory_store acme/session:lead%2F1",
    "create_memory_store acme/session:gone",
    "delete_memory_store acme/session:gone",
  ]);
});

/** The text of a message, any other body as it is. */
function short(body: unknown): unknown {
  return typeof body === "object" && body !== null && "content" in body ? body.content : body;
}
