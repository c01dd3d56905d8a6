import type { BaseStore, Operation } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { type BaseStoreHarness, baseStoreCases, runBaseStoreCases } from "../src/conformance/index.ts";
import { relevo } from "./support/base-stores.ts";

type Batch = BaseStore["batch"];

/** A harness whose stores do something else in a batch. */
function mutant(change: (batch: Batch) => (operations: Operation[]) => Promise<unknown>): BaseStoreHarness {
  const broken = (store: BaseStore): BaseStore => {
    store.batch = change(store.batch.bind(store)) as Batch;
    return store;
  };
  return {
    create: async () => broken(await relevo.create()),
    createPair: async () => {
      const [one, other] = (await relevo.createPair?.()) ?? [];
      if (one === undefined || other === undefined) throw new Error("There is no pair.");
      return [broken(one), broken(other)];
    },
    createTenants: async () => {
      const [one, other] = (await relevo.createTenants?.()) ?? [];
      if (one === undefined || other === undefined) throw new Error("There are no tenants.");
      return [broken(one), broken(other)];
    },
    createExpiring: async (ttlMs) => {
      const expiring = await relevo.createExpiring?.(ttlMs);
      if (expiring === undefined) throw new Error("Nothing expires.");
      return { ...expiring, store: broken(expiring.store) };
    },
    createSearchable: async () => {
      const store = await relevo.createSearchable?.();
      if (store === undefined) throw new Error("Nothing is searched.");
      return broken(store);
    },
  };
}

const isSearch = (operation: Operation): boolean => "namespacePrefix" in operation;
const isPut = (operation: Operation): operation is Operation & { value: Record<string, unknown> | null } =>
  "value" in operation;
const isList = (operation: Operation): boolean => !("namespace" in operation) && !isSearch(operation);
const each =
  (change: (operation: Operation) => Operation) =>
  (batch: Batch) =>
  async (operations: Operation[]): Promise<unknown> =>
    await batch(operations.map(change));

/** Each does one thing wrong. */
const mutants: Readonly<Record<string, BaseStoreHarness>> = {
  "stores nothing": mutant(
    (batch) => async (operations) => await batch(operations.filter((one) => !isPut(one))),
  ),
  "has something everywhere": mutant(
    (batch) => async (operations) =>
      (await batch(operations)).map((result) => (result === null ? { value: {} } : result)),
  ),
  "never deletes": mutant((batch) => async (operations) => {
    const kept = operations.filter((one) => !isPut(one) || one.value !== null);
    return kept.length === operations.length
      ? await batch(operations)
      : [await batch(kept), undefined].flat();
  }),
  "ignores filters": mutant(each((one) => (isSearch(one) ? { ...one, filter: {} } : one))),
  "ignores offsets": mutant(each((one) => (isSearch(one) ? { ...one, offset: 0 } : one))),
  "searches everything": mutant(each((one) => (isSearch(one) ? { ...one, namespacePrefix: [] } : one))),
  "lists everything": mutant(each((one) => (isList(one) ? { limit: 100, offset: 0 } : one))),
  "keeps the first of two writes": mutant(
    (batch) => async (operations) =>
      await batch(operations.toReversed()).then((results) => results.toReversed()),
  ),
  "answers writes before reads": mutant((batch) => async (operations) => {
    await batch(operations.filter(isPut));
    return await batch(operations);
  }),
  "indexes everything": mutant(
    each((one) => (isPut(one) ? ({ ...one, index: undefined } as unknown as Operation) : one)),
  ),
  "finds nothing by a query": mutant((batch) => async (operations) => {
    const results = await batch(operations);
    return results.map((result, at) => ((operations[at] as { query?: string }).query ? [] : result));
  }),
  "takes broken values as empty": mutant((batch) => async (operations) => {
    try {
      return await batch(operations);
    } catch {
      return operations.map(() => []);
    }
  }),
  "adds a field": mutant(
    each((one) => (isPut(one) && one.value !== null ? { ...one, value: { ...one.value, extra: 1 } } : one)),
  ),
  "shares what it returns": mutant((batch) => {
    const given = new Map<string, unknown>();
    return async (operations) => {
      const results = await batch(operations);
      return results.map((result, at) => {
        const one = operations[at] as { namespace?: string[]; key?: string };
        const name = JSON.stringify([one.namespace, one.key]);
        if (result === null || result === undefined || one.key === undefined) return result;
        if (!given.has(name)) given.set(name, result);
        return given.get(name);
      });
    };
  }),
  "drops every second write at once": mutant((batch) => {
    let busy = false;
    return async (operations) => {
      if (busy && operations.some(isPut)) return operations.map(() => undefined);
      busy = true;
      try {
        return await batch(operations);
      } finally {
        busy = false;
      }
    };
  }),
  "does not know tenants and expiry": {
    ...relevo,
    createTenants: async () => (await relevo.createPair?.()) as readonly [BaseStore, BaseStore],
    createPair: async () => (await relevo.createTenants?.()) as readonly [BaseStore, BaseStore],
    createExpiring: async () => ({ store: await relevo.create(), advance: async () => undefined }),
  },
  "lists what it had": mutant((batch) => {
    const had = new Map<string, string[]>();
    return async (operations) => {
      for (const one of operations)
        if (isPut(one))
          had.set(
            JSON.stringify((one as { namespace: string[] }).namespace),
            (one as { namespace: string[] }).namespace,
          );
      const results = await batch(operations);
      return results.map((result, at) => (isList(operations[at] as Operation) ? [...had.values()] : result));
    };
  }),
};

it("each case for a BaseStore fails on a store that does one thing wrong", async () => {
  const caught = new Map<string, string[]>(baseStoreCases.map(({ name }) => [name, []]));
  for (const [mutation, harness] of Object.entries(mutants)) {
    const failed = (await runBaseStoreCases(harness)).filter(({ outcome }) => outcome === "failed");
    expect(failed.length, mutation).toBeGreaterThan(0);
    for (const { name } of failed) caught.get(name)?.push(mutation);
  }
  expect([...caught].filter(([, mutations]) => mutations.length === 0).map(([name]) => name)).toEqual([]);
});
