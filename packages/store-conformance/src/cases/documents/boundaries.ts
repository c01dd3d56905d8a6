import type { DocumentStore, JsonValue } from "@relevo/core";
import { equal, refuses, vandalize } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { caseOf, changesNothing, contentOf, findAll, ofSession, standAlone } from "./support.ts";

/** Every method with arguments that would succeed. */
function everyCall(
  context: CaseContext,
  documents: DocumentStore,
  options: { readonly signal?: AbortSignal } = {},
): readonly (readonly [string, () => Promise<unknown>])[] {
  const address = standAlone(context, "a");
  const session = ofSession({ tenant: context.tenant, session: "s" }, "a");
  const scope = { tenant: context.tenant };
  return [
    ["get", () => documents.get(address, options)],
    ["getMany", () => documents.getMany([address], options)],
    ["put", () => documents.put(address, { value: "changed" }, options)],
    ["put into a session", () => documents.put(session, { value: "changed" }, options)],
    ["putMany", () => documents.putMany([{ address, value: "changed" }], options)],
    ["delete", () => documents.delete(address, options)],
    ["deleteMany", () => documents.deleteMany([{ address }], options)],
    ["touch", () => documents.touch(address, { ttlMs: 60_000, ...options })],
    ["find", () => documents.find(scope, options)],
    ["namespaces", () => documents.namespaces(scope, options)],
  ];
}

/** What every method promises about its arguments, its results, its signal and the end of the store. */
export const boundaryCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "input-is-neither-kept-nor-changed",
    "What a caller changes after a write changes nothing stored, and the store neither changes nor freezes what it is given.",
    async (context) => {
      const { documents } = context.store;
      const make = (): { address: { tenant: string; namespace: string[]; key: string } } & Record<
        string,
        JsonValue
      > => ({
        address: { tenant: context.tenant, namespace: ["notes", "deep"], key: "a" },
        value: { list: [1, { inner: "kept" }], text: "kept" },
        tags: ["b", "a", "b"],
        metadata: { by: { name: "kept" } },
      });
      const expected = {
        namespace: ["notes", "deep"],
        value: { list: [1, { inner: "kept" }], text: "kept" },
        tags: ["a", "b"],
        metadata: { by: { name: "kept" } },
      };
      const single = make();
      const { address, ...input } = single;
      await documents.put(address, input as never);
      const batch = make();
      batch.address.key = "b";
      const untouched = structuredClone(batch);
      await documents.putMany([batch as never]);
      equal(single, make(), "put changed its arguments");
      equal(batch, untouched, "putMany changed its arguments");
      for (const part of [single, single.value, single.tags, address.namespace, batch, batch.metadata]) {
        equal(Object.isFrozen(part), false, "the store froze what belongs to its caller");
      }
      const addresses = ["a", "b"].map((key) => ({ ...standAlone(context, key, ["notes", "deep"]) }));
      vandalize(single);
      vandalize(batch);
      for (const [index, found] of (await context.other.documents.getMany(addresses)).entries()) {
        equal(
          contentOf(found),
          { ...expected, key: index === 0 ? "a" : "b" },
          "a change that the caller made after the write reached the stored document",
        );
      }
    },
  ),
  caseOf(
    "documents",
    "output-is-frozen-or-a-copy",
    "What a caller does to a result changes nothing stored and nothing that anybody else reads.",
    async (context) => {
      const { documents } = context.store;
      const address = standAlone(context, "a");
      const stored = await documents.put(address, {
        value: { list: [{ inner: "kept" }] },
        tags: ["t"],
        metadata: { by: "kept" },
      });
      const expected = structuredClone(stored);
      const scope = { tenant: context.tenant };
      const reads: readonly (readonly [string, () => Promise<unknown>])[] = [
        ["put", async () => stored],
        ["get", () => documents.get(address)],
        ["getMany", () => documents.getMany([address])],
        ["touch", () => documents.touch(address, { ttlMs: null })],
        ["find", () => documents.find(scope)],
        ["namespaces", () => documents.namespaces(scope)],
      ];
      for (const [method, read] of reads) {
        vandalize(await read());
        equal(
          await documents.get(address),
          expected,
          `a change to the result of ${method} reached the store`,
        );
        const found = await findAll(context, context.store, scope);
        equal(found, [expected], `what find returns after a change to the result of ${method}`);
        const { items } = await documents.namespaces(scope);
        equal(items, [["notes"]], `${method} damaged the namespaces`);
      }
    },
  ),
  caseOf(
    "documents",
    "aborted-changes-nothing",
    "A call whose signal has fired is refused with aborted by every method and changes nothing.",
    async (context) => {
      await context.store.documents.put(standAlone(context, "a"), { value: "kept" });
      const signal = AbortSignal.abort();
      await changesNothing(context, "An aborted call", async () => {
        for (const [method, call] of everyCall(context, context.store.documents, { signal })) {
          await refuses(call, "aborted", `${method} with a signal that has fired`);
        }
      });
      const live = new AbortController();
      for (const [, call] of everyCall(context, context.store.documents, { signal: live.signal }))
        await call();
    },
  ),
  caseOf(
    "documents",
    "closed-refuses",
    "After close every method is refused with closed, while the second handle goes on.",
    async (context) => {
      await context.store.documents.put(standAlone(context, "a"), { value: "kept" });
      await context.store.close();
      for (const [method, call] of everyCall(context, context.store.documents)) {
        await refuses(call, "closed", `${method} after close`);
      }
      const found = await context.other.documents.get(standAlone(context, "a"));
      equal(found?.value, "kept", "a refused call changed the document that the second handle sees");
    },
  ),
];
