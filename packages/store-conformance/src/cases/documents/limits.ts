import { type DocumentWrite, type JsonValue, MemoryError } from "@relevo/core";
import { check, equal, refuses } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { bothHandles, caseOf, changesNothing, findAll, keysFound, ofSession, standAlone } from "./support.ts";

/** A `too-large` that names the limit. */
async function tooLarge(limit: string, what: string, call: () => Promise<unknown>): Promise<void> {
  const error = await refuses(call, "too-large", what);
  check(
    MemoryError.isInstance(error) && error.details.limit === limit,
    `${what} must name the limit ${limit}`,
  );
}

/** What fits a limit is stored, and one more is refused. */
export const limitCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "value-size-limit",
    "A value of exactly the limit in UTF-8 bytes is stored and comes back; one byte more is too-large and changes nothing.",
    async (context) => {
      const { valueBytes } = context.store.limits;
      const address = standAlone(context, "a");
      // Two quotes around it; the last character takes two bytes.
      const value = `${"x".repeat(valueBytes - 4)}\u00e9`;
      await context.store.documents.put(address, { value });
      for (const [name, store] of bothHandles(context)) {
        const found = await store.documents.get(address);
        check(found?.value === value, `${name}: the value at the limit did not come back as it was`);
      }
      for (const larger of [`${value}x`, [value], { a: value }]) {
        await tooLarge("valueBytes", "a value beyond the limit", () =>
          context.store.documents.put(address, { value: larger }),
        );
      }
      const found = await context.other.documents.get(address);
      check(found?.value === value, "a refused value changed the document");
    },
  ),
  caseOf(
    "documents",
    "metadata-size-limit",
    "Metadata of exactly the limit is stored, one byte more is too-large.",
    async (context) => {
      const { metadataBytes } = context.store.limits;
      const metadata = { m: "x".repeat(metadataBytes - '{"m":""}'.length) };
      await context.store.documents.put(standAlone(context, "a"), { value: 1, metadata });
      const found = await context.other.documents.get(standAlone(context, "a"));
      equal(found?.metadata, metadata, "metadata at the limit");
      await changesNothing(context, "A put with too much metadata", () =>
        tooLarge("metadataBytes", "metadata beyond the limit", () =>
          context.store.documents.put(standAlone(context, "a"), {
            value: 2,
            metadata: { m: `${metadata.m}x` },
          }),
        ),
      );
    },
  ),
  caseOf(
    "documents",
    "tag-limits",
    "As many tags as the limit, each as long as an id may be, are stored; one more, or one longer, is too-large.",
    async (context) => {
      const { tags: most, idBytes } = context.store.limits;
      const tags = Array.from({ length: most }, (_, index) =>
        `${String(index).padStart(4, "0")}`.padEnd(idBytes, "t"),
      );
      await context.store.documents.put(standAlone(context, "a"), { value: 1, tags });
      equal((await context.other.documents.get(standAlone(context, "a")))?.tags, tags, "tags at the limit");
      equal(
        await keysFound(context, context.other, { tags: { all: tags } }),
        ["a"],
        "found by all of its tags",
      );
      await changesNothing(context, "A put with too many tags", async () => {
        await tooLarge("tags", "tags beyond the limit", () =>
          context.store.documents.put(standAlone(context, "a"), { value: 2, tags: [...tags, "one more"] }),
        );
        await tooLarge("idBytes", "a tag beyond the limit", () =>
          context.store.documents.put(standAlone(context, "a"), { value: 2, tags: [`${tags[0]}x`] }),
        );
      });
    },
  ),
  caseOf(
    "documents",
    "depth-limit",
    "A value nested as deep as the limit is stored, one level more is too-large.",
    async (context) => {
      const { depth } = context.store.limits;
      let value: JsonValue = 1;
      for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { in: value };
      await context.store.documents.put(standAlone(context, "a"), { value });
      equal(
        (await context.other.documents.get(standAlone(context, "a")))?.value,
        value,
        "value at the limit",
      );
      await changesNothing(context, "A put that is too deep", () =>
        tooLarge("depth", "a value beyond the limit", () =>
          context.store.documents.put(standAlone(context, "a"), { value: [value] }),
        ),
      );
    },
  ),
  caseOf(
    "documents",
    "batch-limits",
    "A batch of as many items as the limit is stored, read and deleted whole; one item or too many bytes more are too-large and change nothing.",
    async (context) => {
      const { batchItems, batchBytes, valueBytes } = context.store.limits;
      const session = { tenant: context.tenant, session: "s" };
      const write = (index: number, value: JsonValue = index): DocumentWrite => ({
        address: ofSession(session, `k${String(index).padStart(5, "0")}`),
        value,
      });
      const writes = Array.from({ length: batchItems }, (_, index) => write(index));
      const addresses = writes.map(({ address }) => address);
      const more = write(batchItems);
      await changesNothing(context, "A batch beyond a limit", async () => {
        const { documents } = context.store;
        await tooLarge("batchItems", "putMany beyond the limit", () => documents.putMany([...writes, more]));
        await tooLarge("batchItems", "getMany beyond the limit", () =>
          documents.getMany([...addresses, more.address]),
        );
        await tooLarge("batchItems", "deleteMany beyond the limit", () =>
          documents.deleteMany([...addresses, more.address].map((address) => ({ address }))),
        );
        const large = "x".repeat(valueBytes - 2);
        const heavy = Array.from({ length: Math.floor(batchBytes / valueBytes) + 1 }, (_, i) =>
          write(i, large),
        );
        if (heavy.length <= batchItems) {
          await tooLarge("batchBytes", "putMany with too many bytes", () => documents.putMany(heavy));
        }
      });
      const stored = await context.store.documents.putMany(writes);
      equal(stored.length, batchItems, "documents that putMany returned");
      equal(await context.other.documents.getMany(addresses), stored, "documents that getMany returned");
      equal((await findAll(context, context.other, session)).length, batchItems, "documents found");
      const removed = await context.other.documents.deleteMany(addresses.map((address) => ({ address })));
      equal(removed, batchItems, "documents that deleteMany removed");
    },
  ),
  caseOf(
    "documents",
    "address-limits",
    "Keys, namespace elements and whole addresses as long as the limits allow work everywhere; longer ones are too-large.",
    async (context) => {
      const { idBytes, addressBytes, namespaceElements } = context.store.limits;
      const deep = Array.from({ length: namespaceElements }, (_, index) => `n${index}`);
      const longKey = "\u00e9".repeat(idBytes / 2);
      const room = addressBytes - Buffer.byteLength(context.tenant) - idBytes;
      const full = standAlone(context, longKey, ["f".repeat(Math.min(room, idBytes))]);
      const { documents } = context.store;
      for (const address of [standAlone(context, longKey), standAlone(context, "k", deep), full]) {
        const stored = await documents.put(address, { value: address.key, tags: ["long"] });
        equal(await context.other.documents.get(address), stored, "document at a long address");
        const found = await findAll(
          context,
          context.other,
          { tenant: context.tenant },
          {
            namespace: address.namespace,
            limit: 1,
          },
        );
        equal(found, [stored], "document found in its namespace");
      }
      await changesNothing(context, "A put beyond a limit of the address", async () => {
        const put = (key: string, namespace: readonly string[]) => (): Promise<unknown> =>
          documents.put(standAlone(context, key, namespace), { value: 1 });
        await tooLarge("idBytes", "a long key", put(`${longKey}x`, ["n"]));
        await tooLarge("idBytes", "a long namespace element", put("k", [`${longKey}x`]));
        await tooLarge("namespaceElements", "a long namespace", put("k", [...deep, "more"]));
        const over = ["f".repeat(Math.min(room, idBytes)), "g".repeat(Math.max(1, room - idBytes + 1))];
        await tooLarge("addressBytes", "a long address", put(longKey, over));
      });
    },
  ),
  caseOf(
    "documents",
    "filter-limit",
    "A where filter of as many nodes as the limit works, one more is too-large.",
    async (context) => {
      const { whereNodes } = context.store.limits;
      await context.store.documents.put(standAlone(context, "a"), { value: whereNodes - 2 });
      await context.store.documents.put(standAlone(context, "b"), { value: whereNodes });
      const or = Array.from({ length: whereNodes - 1 }, (_, index) => ({
        path: ["value"] as const,
        $eq: index,
      }));
      equal(await keysFound(context, context.other, { where: { or } }), ["a"], "keys found at the limit");
      const more = [...or, { path: ["value"] as const, $eq: whereNodes }];
      await tooLarge("whereNodes", "a filter beyond the limit", () =>
        context.other.documents.find({ tenant: context.tenant }, { where: { or: more } }),
      );
    },
  ),
];
