import {
  defaultLimits,
  type EventInput,
  fingerprint,
  type JsonValue,
  type Summarizer,
  type Where,
} from "@relevo/core";
import { admitEvent, normalizeRanges } from "@relevo/core/input";
import { whereMatcher } from "@relevo/core/store";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { compose, tokenBudget, window } from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileConversations } from "./conversations.ts";
import { hostileTexts } from "./hostile-texts.ts";
import { appendAll, emptySession, type Place, sessionOf } from "./sessions.ts";

const limits = { ...defaultLimits, valueBytes: 2 ** 33, batchBytes: 2 ** 33 };

const admission: readonly EntryPoint[] = Object.entries(hostileTexts).map(([name, make]) =>
  entryPoint({
    name: `admitEvent: ${name}`,
    // Half of a surrogate pair is refused, at the end of the longest text that can be written.
    make: (size): EventInput => ({
      type: "message",
      body: { role: "user", content: make(size).toWellFormed() },
    }),
    run: (event) => admitEvent(event, "event", limits),
  }),
);

const values: Readonly<Record<string, (size: number) => JsonValue>> = {
  "a long list": (size) => Array.from({ length: size }, (_, n) => n),
  "many keys": (size) => Object.fromEntries(Array.from({ length: size }, (_, n) => [`k${n}`, n])),
  "keys that are numbers": (size) =>
    Object.fromEntries(Array.from({ length: size }, (_, n) => [`${n * 7}`, n])),
  "lists in a list": (size) => Array.from({ length: size / 4 }, (_, n) => [[n], [n]]),
};

const ofValues = Object.entries(values).flatMap(([name, make]): EntryPoint[] => [
  entryPoint({
    name: `admitEvent: ${name}`,
    make: (size): EventInput => ({ type: "x-value", body: make(size) }),
    run: (event) => admitEvent(event, "event", limits),
  }),
  entryPoint({ name: `fingerprint: ${name}`, make, run: (value) => fingerprint(value) }),
  entryPoint({
    name: `whereMatcher: many conditions on ${name}`,
    make: (size) => ({ where: manyConditions(240), value: { list: make(size) } }),
    run: ({ where, value }) => whereMatcher(where)({ value, metadata: {} }),
  }),
]);

function manyConditions(count: number): Where {
  return {
    or: Array.from(
      { length: count },
      (_, n): Where => ({
        path: ["value", "list"],
        $contains: `no such entry ${n}`,
      }),
    ),
  };
}

/** Filters that grow with what they look at. */
const filters: readonly EntryPoint[] = [
  entryPoint({
    name: "whereMatcher: as many operands of $contains as elements",
    make: (size) => ({
      where: { or: Array.from({ length: size / 16 }, (_, n): Where => ({ path: ["value"], $contains: -n })) },
      value: Array.from({ length: size }, (_, n) => n + 1),
    }),
    run: ({ where, value }) => whereMatcher(where)({ value, metadata: {} }),
  }),
  entryPoint({
    name: "whereMatcher: as many operands of $contains as text, each a piece of it and more",
    make: (size) => ({
      where: {
        or: Array.from(
          { length: size / 64 },
          (_, n): Where => ({ path: ["value"], $contains: `${"ab".repeat(20)}${n}` }),
        ),
      },
      value: "ab".repeat(size / 2),
    }),
    run: ({ where, value }) => whereMatcher(where)({ value, metadata: {} }),
  }),
  entryPoint({
    name: "whereMatcher: as many objects in $in as entries",
    make: (size) => ({
      where: { path: ["value"], $in: Array.from({ length: size / 16 }, (_, n) => ({ k: n })) } as Where,
      value: Object.fromEntries(Array.from({ length: size }, (_, n) => [`k${n}`, n])),
    }),
    run: ({ where, value }) => whereMatcher(where)({ value, metadata: {} }),
  }),
];

const logs: readonly EntryPoint[] = [
  entryPoint({
    name: "log.append: many messages",
    last: 2 ** 17,
    make: (size) =>
      Array.from(
        { length: size },
        (_, n): EventInput => ({
          type: "message",
          body: { role: "user", content: `Message ${n}` },
        }),
      ),
    run: (events) => appendAll(emptySession(), events),
  }),
  entryPoint({
    name: "log.append: a retraction of every second message",
    last: 2 ** 16,
    make: (size) => size,
    run: async (size) => {
      const place = emptySession();
      await appendAll(place, messages(size));
      for (let from = 1; from < size; from += 1000) {
        const ranges = Array.from({ length: 250 }, (_, n) => ({ from: from + 2 * n, to: from + 2 * n }));
        const fitting = ranges.filter(({ to }) => to <= size);
        await appendAll(place, [{ type: "retraction", body: { ranges: fitting, reason: "r" } }]);
      }
      return await place.store.log.read(place.address, { limit: 1 });
    },
  }),
  entryPoint({
    name: "log.erase: every message, one call",
    last: 2 ** 16,
    make: (size) => size,
    run: async (size) => {
      const place = emptySession();
      await appendAll(place, messages(size));
      return await place.store.log.erase(place.address, {
        seqs: [{ from: 1, to: size }],
      });
    },
  }),
  entryPoint({
    name: "log.erase: summaries of summaries",
    last: 2 ** 16,
    make: (size) => size,
    run: async (size) => {
      const place = emptySession();
      await appendAll(place, [
        { type: "message", body: { role: "user", content: "secret" } },
        ...Array.from(
          { length: size },
          (_, n): EventInput => ({
            type: "x-derived",
            body: n,
            derivedFrom: [{ from: n + 1, to: n + 1 }],
          }),
        ),
      ]);
      return await place.store.log.erase(place.address, { seqs: [{ from: 1, to: 1 }] });
    },
  }),
  entryPoint({
    name: "normalizeRanges: apart, in reverse",
    make: (size) => Array.from({ length: size }, (_, n) => ({ from: 3 * (size - n), to: 3 * (size - n) })),
    run: (ranges) => normalizeRanges(ranges),
  }),
];

const sessions = Object.entries(hostileConversations).map(([name, make]) =>
  entryPoint({
    name: `session.view: ${name}`,
    last: 2 ** 16,
    make: (size) => sessionOf(make(size)),
    run: ({ store, address }) => {
      const view = compose(window({ messages: 2 ** 31 }), tokenBudget({ maxTokens: 2 ** 31 }));
      return createMemory({ store, view }).tenant(address.tenant).session(address.session).view();
    },
  }),
);

const documents: readonly EntryPoint[] = [
  entryPoint({
    name: "documents.find: a filter that many documents fail",
    last: 2 ** 16,
    make: async (size) => {
      const store = createMemoryStore({
        maxDocumentBytes: 2 ** 33,
        maxDocuments: 2 ** 20,
        sweepIntervalMs: 0,
      });
      for (let n = 0; n < size; n++) {
        await store.documents.put({ tenant: "t", namespace: ["n"], key: `k${n}` }, { value: { n } });
      }
      return store;
    },
    run: (store) =>
      store.documents.find(
        { tenant: "t" },
        { namespacePrefix: ["n"], where: { path: ["value", "n"], $lt: 0 } },
      ),
  }),
];

/** A session of so many summaries, each of another message. */
async function manySummaries(size: number, replaces: boolean): Promise<Place> {
  const place = emptySession();
  await appendAll(place, messages(size));
  const summaries = Array.from({ length: size }, (_, n): EventInput => {
    const covers = [{ from: n + 1, to: n + 1 }];
    return {
      type: "summary",
      derivedFrom: covers,
      body: {
        text: `Summary ${n}`,
        sourceHash: "hash",
        strategy: "s",
        tokensBefore: 1,
        tokensAfter: 1,
        metadata: { covers, cut: n + 2, kept: [], left: [], replaces },
      },
    };
  });
  await appendAll(place, summaries);
  return place;
}

const failing: Summarizer = {
  name: "failing",
  summarize: () => Promise.reject(new Error("It writes nothing, so that each run finds the same.")),
};

const summaries: readonly EntryPoint[] = [
  entryPoint({
    name: "session.view: many summaries that replace messages",
    last: 2 ** 14,
    make: (size) => manySummaries(size, true),
    run: ({ store, address }) =>
      createMemory({ store }).tenant(address.tenant).session(address.session).view(),
  }),
  entryPoint({
    name: "retention: many summaries that replace nothing",
    last: 2 ** 14,
    make: (size) => manySummaries(size, false),
    run: ({ store, address }) =>
      createMemory({ store, summarizer: failing })
        .tenant(address.tenant)
        .retention([{ events: { keep: 1 }, action: "summarize" }])
        .apply(),
  }),
];

function messages(size: number): readonly EventInput[] {
  return Array.from(
    { length: size },
    (_, n): EventInput => ({
      type: "message",
      body: { role: "user", content: `Message ${n}` },
    }),
  );
}

export const storeEntryPoints: readonly EntryPoint[] = [
  ...admission,
  ...ofValues,
  ...filters,
  ...logs,
  ...sessions,
  ...summaries,
  ...documents,
];
