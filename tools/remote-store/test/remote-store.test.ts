import { MemoryError, type Store } from "@relevo/core";
import { type RemoteProcess, startRemoteProcess } from "@relevo/remote-store";
import { createMemoryStore } from "@relevo/store-memory";
import { afterAll, beforeAll, expect, it } from "vitest";

let remote: RemoteProcess;
const here = createMemoryStore();
beforeAll(async () => {
  remote = await startRemoteProcess(new URL("./memory-module.ts", import.meta.url));
});
afterAll(async () => {
  await remote[Symbol.asyncDispose]();
  await here.close();
});

const address = { tenant: "acme", session: "s-1" };
const note = { type: "x-note", body: "there" } as const;

it("answers the calls of every port from a process of its own", async () => {
  await using there: Store = await remote.open(here);
  expect(remote.pid).not.toBe(process.pid);
  expect((await there.log.append(address, [note])).version).toBe(1);
  expect((await there.log.read(address)).events[0]).toMatchObject({ seq: 1, body: "there" });
  expect(await here.log.head(address)).toBeUndefined();
  await there.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: { deep: [1] } });
  expect((await there.documents.get({ ...address, namespace: ["n"], key: "k" }))?.value).toEqual({
    deep: [1],
  });
  const lease = await there.leases?.acquire(address, { ttlMs: 60_000 });
  expect((await lease?.renew())?.fence).toBe(lease?.fence);
  await lease?.release();
  await expect(lease?.renew()).rejects.toMatchObject({ code: "conflict" });
});

it("passes options on, and brings errors back as what they were", async () => {
  await using there = await remote.open(here, { maxSessions: 1 });
  await there.log.append(address, [note]);
  await there.log.append({ ...address, session: "s-2" }, [note]);
  const lost = await there.log.read(address).catch((error: unknown) => error);
  expect(MemoryError.isInstance(lost, "history-lost")).toBe(true);
  await expect(there.log.append(address, [], {})).rejects.toMatchObject({
    code: "invalid-input",
    outcome: "not-applied",
  });
});

it("takes signals along, before the call and during it", async () => {
  await using there = await remote.open(here);
  const fired = there.log.append(address, [note], { signal: AbortSignal.abort() });
  await expect(fired).rejects.toMatchObject({ code: "aborted" });
  await there.leases?.acquire(address, { ttlMs: 60_000 });
  const controller = new AbortController();
  const waiting = there.leases?.acquire(address, { ttlMs: 1, waitMs: 60_000, signal: controller.signal });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
});

it("ends waiting calls when its process is killed", async () => {
  const doomed = await startRemoteProcess(new URL("./memory-module.ts", import.meta.url));
  const there = await doomed.open(here);
  await there.leases?.acquire(address, { ttlMs: 60_000 });
  const waiting = there.leases?.acquire(address, { ttlMs: 1, waitMs: 60_000 });
  const ended = expect(waiting).rejects.toMatchObject({ code: "unavailable", outcome: "unknown" });
  await doomed.kill();
  await ended;
});
