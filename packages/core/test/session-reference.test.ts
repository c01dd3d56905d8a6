import { describe, expect, it } from "vitest";
import { defaultLimits, type EventLog, type ReadResult, readAll } from "../src/index.ts";
import { admitSession } from "../src/input/index.ts";
import { rejected, thrown } from "./support.ts";

const address = { tenant: "t", session: "s" };
const result = async <Guard>(guard: Guard) => ({ incarnation: "i", guard });

describe("admitSession", () => {
  it("takes an address, and one that names incarnation and fence, read anew at each use", async () => {
    expect((await admitSession(address).withGuard(result)).guard).toEqual({});
    const named = { ...address, incarnation: "a", fence: 1 };
    const session = admitSession(named);
    expect(session.address).toEqual(address);
    named.fence = 2;
    expect((await session.withGuard(result)).guard).toEqual({ incarnation: "a", fence: 2 });
  });

  it("takes an object, and asks it for the guard of each write", async () => {
    const object = {
      address,
      other: "no store's business",
      withGuard: <Result>(perform: (guard: { readonly fence: number }) => Promise<Result>) =>
        perform({ fence: 7 }),
    };
    const session = admitSession(object);
    expect(session.address).toEqual(address);
    expect((await session.withGuard(result)).guard).toEqual({ fence: 7 });
    const plain = admitSession({ address, incarnation: "a", fence: undefined });
    expect((await plain.withGuard(result)).guard).toEqual({ incarnation: "a" });
  });

  it("refuses what names no session, and what cannot be read", () => {
    const unreadable = {
      get address(): never {
        throw new Error("hostile");
      },
    };
    for (const input of [undefined, 7, {}, { address: {} }, { tenant: "t" }, { address: 7 }, unreadable]) {
      thrown(() => admitSession(input as never, "session", defaultLimits), "invalid-input");
    }
  });

  it("tells another incarnation from the one that is meant", async () => {
    const session = admitSession({ address, incarnation: "a" });
    const found = (incarnation: string | undefined) => async () => ({ incarnation });
    await session.reading(found("a"));
    for (const other of ["b", undefined])
      await expect(session.reading(found(other))).rejects.toMatchObject({ code: "history-lost" });
    await admitSession({ address }).reading(found("b"));
  });

  it("means the incarnation that was known when a read began", async () => {
    const object: { address: typeof address; incarnation?: string } = { address };
    const session = admitSession(object);
    const read = session.reading(async () => {
      object.incarnation = "a"; // A first write through the object has ended.
      return { incarnation: undefined };
    });
    await expect(read).resolves.toEqual({ incarnation: undefined });
    await expect(session.reading(async () => undefined)).rejects.toMatchObject({ code: "history-lost" });
  });
});

describe("readAll", () => {
  const page = { version: 0, revision: 0, removalRevision: 0, incarnation: "b", events: [] };
  const log = { read: async (): Promise<ReadResult> => page } as unknown as EventLog;
  const all = async (session: Parameters<typeof readAll>[1]): Promise<void> => {
    for await (const _ of readAll(log, session)) void _;
  };

  it("reads a session by its object, and no other incarnation than the one that it knows", async () => {
    await all({ address });
    await all({ address, incarnation: "b" });
    await rejected(all({ address, incarnation: "a" }), "history-lost");
    await rejected(all({ ...address, incarnation: "a" }), "history-lost");
  });
});
