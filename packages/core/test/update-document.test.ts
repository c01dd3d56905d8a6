import { describe, expect, it } from "vitest";
import {
  type Document,
  type DocumentInput,
  type DocumentStore,
  type JsonValue,
  MemoryError,
  type PutOptions,
  updateDocument,
} from "../src/index.ts";
import { conflict } from "../src/input/index.ts";
import { recordPauses } from "./replace-builtin.ts";
import { rejected } from "./support.ts";

const pauses = recordPauses();

const address = { tenant: "t", namespace: ["counters"], key: "k" };

/** One document with a version, which is all that an update needs; `before` runs ahead of each put. */
function oneDocument(before: (put: number) => void = () => undefined) {
  let current: Document | undefined;
  let puts = 0;
  const write = (value: JsonValue): Document => {
    const version = (current?.version ?? 0) + 1;
    current = {
      namespace: ["counters"],
      key: "k",
      value,
      version,
      tags: [],
      metadata: {},
      createdAt: 0,
      updatedAt: 0,
    };
    return current;
  };
  const store = {
    get: async () => current,
    async put(_address: unknown, input: DocumentInput, options: PutOptions = {}) {
      before(++puts);
      const version = current?.version ?? 0;
      if (options.expectedVersion !== version) throw conflict("version", { version });
      return write(input.value);
    },
  } as unknown as DocumentStore;
  return { store, write, puts: () => puts, value: () => current?.value };
}

const plusOne = (current: Document | undefined): DocumentInput => ({
  value: ((current?.value as number) ?? 0) + 1,
});

describe("updateDocument", () => {
  it("creates, changes, and leaves alone", async () => {
    const { store, value, puts } = oneDocument();
    await updateDocument(store, address, plusOne);
    expect((await updateDocument(store, address, plusOne))?.value).toBe(2);
    expect((await updateDocument(store, address, () => undefined))?.value).toBe(2);
    expect([value(), puts()]).toEqual([2, 2]);
  });

  it("loses no change of concurrent writers", async () => {
    const { store, value } = oneDocument();
    const options = { attempts: 100, backoffMs: 0 };
    await Promise.all(Array.from({ length: 30 }, () => updateDocument(store, address, plusOne, options)));
    expect(value()).toBe(30);
  });

  it("reads again after losing, and gives up after so many tries", async () => {
    const seen: (JsonValue | undefined)[] = [];
    const racing = oneDocument((put) => racing.write(put * 100));
    const change = (current: Document | undefined): DocumentInput => {
      seen.push(current?.value);
      return { value: -1 };
    };
    const error = await rejected(
      updateDocument(racing.store, address, change, { attempts: 3, backoffMs: 0 }),
      "conflict",
    );
    expect(seen).toEqual([undefined, 100, 200]);
    expect(error).toMatchObject({
      retryable: true,
      details: { conflict: "version", attempts: 3, version: 3 },
    });
    expect(racing.value()).toBe(300);
  });

  it("pauses for a random share of a time that doubles up to 64 times the first", async () => {
    pauses.length = 0;
    const tries = 9;
    const racing = oneDocument((put) => put < tries && racing.write(0));
    const options = { random: () => 0.5, backoffMs: 10, attempts: tries };
    await updateDocument(racing.store, address, plusOne, options);
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 320]);
    expect(racing.puts()).toBe(tries);
  });

  it("does not try again when it is unknown whether the write took effect", async () => {
    const { store, puts } = oneDocument(() => {
      throw new MemoryError("timeout", "no answer", { outcome: "unknown" });
    });
    await expect(updateDocument(store, address, plusOne)).rejects.toMatchObject({
      code: "timeout",
      outcome: "unknown",
    });
    expect(puts()).toBe(1);
  });

  it("stops in a pause when its signal fires", async () => {
    const abort = new AbortController();
    const racing = oneDocument(() => {
      racing.write(0);
      queueMicrotask(() => abort.abort());
    });
    const options = { signal: abort.signal, backoffMs: 60_000, random: () => 1 };
    await rejected(updateDocument(racing.store, address, plusOne, options), "aborted");
    expect(racing.puts()).toBe(1);
  });

  it("refuses options that make no sense", async () => {
    const { store } = oneDocument();
    for (const bad of [{ attempts: 0 }, { attempts: 1.5 }, { backoffMs: -1 }, null]) {
      await rejected(updateDocument(store, address, plusOne, bad as never), "invalid-input");
    }
  });
});
