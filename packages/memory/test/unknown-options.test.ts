import type { CallOptions, EventInput } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { optionProblems } from "@relevo/store-conformance";
import { expect, it } from "vitest";
import { createMemory, type KeyedMemory, type LearningAgent } from "../src/index.ts";
import { failure, oneStore, pieces, twoStores, user } from "./fixture.ts";

it("an option that nobody knows is refused by every call", async () => {
  const { memory, store } = oneStore();
  const tenant = memory.tenant("acme");
  const session = tenant.session("chat");
  await session.append([user("1"), user("2")]);
  const retention = tenant.retention([{ agents: { keep: 1_000 } }]);
  const withArchive = twoStores().memory.tenant("acme");
  const agent = tenant.agent("planner");
  const inSession = session.agent("planner");
  const person = tenant.user("ana");
  const notes = agent.for(person);
  await session.touch({ subject: "ana" });
  const lease = await session.lease();
  const open = await tenant.session("other").beginTurn();
  const { knowledge } = tenant;
  const workspace = tenant.workspace("leads");
  const shared = workspace.as({ agent: "planner" });
  await workspace.grant({ agent: "planner" }, "read-write");
  const turn = { appendAtEnd: open.session.appendAtEnd };
  const memoryCalls = (name: string, entries: KeyedMemory | typeof session.working) => ({
    [`${name}.remember`]: (o: CallOptions) => entries.remember("k", 1, o),
    [`${name}.recall`]: (o: CallOptions) => entries.recall("k", o),
    [`${name}.entry`]: (o: CallOptions) => entries.entry("k", o),
    [`${name}.forget`]: (o: CallOptions) => entries.forget("k", o),
    [`${name}.entries`]: (o: CallOptions) => entries.entries(o),
    [`${name}.update`]: (o: CallOptions) => entries.update("k", () => 2, o),
    ...("rememberMany" in entries && {
      [`${name}.rememberMany`]: (o: CallOptions) => entries.rememberMany([{ key: "k", value: 1 }], o),
      [`${name}.history`]: (o: CallOptions) => entries.history("k", o),
      [`${name}.diff`]: (o: CallOptions) => entries.diff("k", 1, undefined, o),
      [`${name}.revert`]: (o: CallOptions) => entries.revert("k", 1, o),
    }),
  });
  const outcomeCalls = (name: string, learning: LearningAgent) => ({
    [`${name}.recordOutcome`]: (o: CallOptions) => learning.recordOutcome({ success: true }, o),
    [`${name}.performance`]: (o: CallOptions) => learning.performance(o),
    [`${name}.recommend`]: (o: CallOptions) => learning.recommend(o),
    [`${name}.clearOutcomes`]: (o: CallOptions) => learning.clearOutcomes(o),
  });
  const problems = await optionProblems(
    {
      memory,
      retention,
      tenant,
      session,
      agent,
      inSession,
      person,
      notes,
      sessionUser: session.user,
      working: session.working,
      knowledge,
      lease,
      open,
      turn,
      workspace,
      shared,
    },
    {
      createMemory: (o) => createMemory({ store, ...o }),
      kept: (o) => createMemory({ store, history: { ...(o as object) } }),
      "tenant.session": (o) => tenant.session("x", { ...(o as object) }),
      "tenant.sessions": (o) => tenant.sessions({ ...o }),
      "tenant.users": (o) => tenant.users({ ...o }),
      "tenant.agents": (o) => tenant.agents({ ...o }),
      "tenant.erase": (o) => tenant.erase({ session: "none" }, { ...o }),
      selector: (o) => tenant.erase({ session: "none", ...(o as object) }),
      "tenant.resumeErasures": (o) => tenant.resumeErasures({ ...o }),
      "tenant.hold": (o) => tenant.hold({ user: "eva" }, { reason: "x", ...o }),
      "tenant.release": (o) => tenant.release({ user: "eva" }, { ...o }),
      "tenant.holds": (o) => tenant.holds({ ...o }),
      "person.export": (o) => person.export({ ...o }),
      "person.erase": (o) => tenant.user("eva").erase({ ...o }),
      "person.sessions": (o) => person.sessions({ ...o }),
      "sessionUser.id": (o) => session.user.id({ ...o }),
      "tenant.recalls": (o) => tenant.recalls({ ...o }),
      "knowledge.add": (o) => knowledge.add({ text: "x" }, { ...(o as object) }),
      "knowledge text": (o) => knowledge.add({ text: "x", ...(o as object) }),
      "knowledge.get": (o) => knowledge.get("x", { ...o }),
      "knowledge.remove": (o) => knowledge.remove("x", { ...(o as object) }),
      "knowledge.clear": (o) => knowledge.clear({ ...o }),
      "knowledge.entries": (o) => knowledge.entries({ ...o }),
      "knowledge.similar": (o) => knowledge.similar("x", { ...o }),
      recordRecalls: (o) => createMemory({ store, recordRecalls: { ...(o as object) } }),
      "tenant.search": (o) => tenant.search({ text: "x", ...o }),
      "tenant.executions": (o) => tenant.executions({ ...o }),
      "tenant.exportExecutions": (o) => tenant.exportExecutions({ ...o }),
      "tenant.archive": (o) => withArchive.archive("none", { ...o }),
      "tenant.restore": (o) => withArchive.restore("none", { ...o }),
      "tenant.archived": (o) => withArchive.archived({ ...o }),
      "tenant.archiveIdle": (o) => withArchive.archiveIdle({ idleMs: 1, ...o }),
      "session.archive": (o) => session.archive({ ...o }),
      "tenant.stats": (o) => tenant.stats({ ...o }),
      "retention.plan": (o) => retention.plan({ ...o }),
      "retention.apply": (o) => retention.apply({ ...o }),
      "retention policy": (o) => tenant.retention([{ agents: { keep: 1, ...(o as object) } }]),
      "retention policy of users": (o) => tenant.retention([{ users: { keep: 1, ...(o as object) } }]),
      "retention policy of workspaces": (o) =>
        tenant.retention([{ workspaces: { keep: 1, ...(o as object) } }]),
      "tenant.retentionRecords": (o) => tenant.retentionRecords(o as object),
      "tenant.export": (o) => tenant.export({}, { ...o }),
      "export selector": (o) => tenant.export({ ...(o as object) }),
      "tenant.import": (o) => tenant.import([], { ...o }),
      ...outcomeCalls("agent", agent),
      ...outcomeCalls("inSession", inSession),
      outcome: (o) => agent.recordOutcome({ success: true, ...(o as object) }),
      "tenant.context": (o) => tenant.context({ session, ...o }),
      "session.append": (o) => session.append(user("x"), { ...o }),
      "session.stream": (o) => session.stream(pieces("x"), { ...(o as object) }),
      "session.messages": (o) => session.messages({ ...o }),
      "session.events": (o) => session.events({ ...o }),
      "session.view": (o) => session.view({ ...o }),
      record: (o) => session.view({ record: { ...(o as object) } }),
      "session.explain": (o) => session.explain(1, { ...o }),
      "session.undo": (o) => session.undo(1, { ...o }),
      "session.popMessage": (o) => session.popMessage({ ...o }),
      "session.clear": (o) => session.clear({ ...o }),
      "session.erase": (o) => session.erase({ seqs: [1], ...o }),
      "session.retract": (o) => session.retract({ seqs: [1], ...o }),
      "session.replaceFrom": (o) => session.replaceFrom(1, user("x"), { ...o }),
      "session.fork": (o) => session.fork({ ...o }),
      "session.origin": (o) => session.origin({ ...o }),
      "session.forks": (o) => session.forks({ ...o }),
      "session.trim": (o) => session.trim({ beforeSeq: 2, ...o }),
      "session.delete": (o) => session.delete({ ...o }),
      "session.head": (o) => session.head({ ...o }),
      "session.touch": (o) => session.touch({ ...o }),
      "session.recordExecution": (o) => session.recordExecution({}, { ...o }),
      execution: (o) => session.recordExecution({ ...(o as object) }),
      "session.activity": (o) => session.activity({ ...o }),
      "session.lease": (o) => session.lease({ ...o }),
      "session.turn": (o) => session.turn(async () => undefined, { ...o }),
      "session.beginTurn": (o) => session.beginTurn({ ...o }),
      "open.abandon": (o) => open.abandon({ ...o }),
      "turn.appendAtEnd": (o) => open.session.appendAtEnd(user("x"), { ...(o as object) }),
      ...memoryCalls("agent", agent),
      ...memoryCalls("inSession", inSession),
      ...memoryCalls("person", person),
      ...memoryCalls("notes", notes),
      ...memoryCalls("sessionUser", session.user),
      ...memoryCalls("workspace", workspace),
      ...memoryCalls("shared", shared),
      ...Object.fromEntries(
        Object.entries({ workspace, shared }).flatMap(([name, on]) => [
          [`${name}.import`, (o: CallOptions) => on.import([], { ...o })],
          [`${name}.categories`, (o: CallOptions) => on.categories({ ...o })],
        ]),
      ),
      entries: (o) => workspace.rememberMany([{ key: "k", value: 1, ...(o as object) }]),
      actor: (o) => workspace.as({ agent: "a", ...(o as object) }),
      to: (o) => workspace.grant({ agent: "a", ...(o as object) }, "read"),
      "workspace.grant": (o) => workspace.grant({ agent: "a" }, "read", { ...o }),
      "workspace.revoke": (o) => workspace.revoke({ agent: "a" }, { ...o }),
      "workspace.grants": (o) => workspace.grants({ ...o }),
      "workspace.refusals": (o) => workspace.refusals({ ...o }),
      "tenant.workspaces": (o) => tenant.workspaces({ ...o }),
      ...memoryCalls("working", session.working),
      "working.clear": (o) => session.working.clear({ ...o }),
      "lease.renew": (o) => lease.renew({ ...o }),
      "lease.release": (o) => lease.release({ ...o }),
    },
    [
      "memory.tenant",
      "memory.close",
      "tenant.agent",
      "knowledge.collection",
      "tenant.user",
      "tenant.retention",
      "tenant.workspace",
      "tenant.sharedWorkspace",
      "workspace.as",
      "agent.for",
      "inSession.for",
      "session.agent",
      "session.run",
      "session.withGuard",
      "open.run",
      "open.commit",
    ],
  );
  expect(problems).toEqual([]);
  expect((await session.events()).version).toBe(2);
});

it("an option that selects or guards is refused when it is undefined", async () => {
  const { memory } = oneStore();
  const tenant = memory.tenant("acme");
  await tenant.session("theirs", { subject: "user-1" }).append(user("1"));
  const session = tenant.session("mine", { subject: "user-2" });
  await session.append([user("1"), user("2")]);
  const agent = tenant.agent("planner");
  const absent = (name: string): never => ({ [name]: undefined }) as never;
  const calls: readonly (readonly [string, (options: never) => unknown])[] = [
    ["subject", (o) => tenant.sessions(o)],
    ["subject", (o) => tenant.session("x", o)],
    ["incarnation", (o) => tenant.session("x", o)],
    ["agent", (o) => tenant.context({ session, ...(o as object) })],
    ["operationId", (o) => session.append(user("x"), o)],
    ["expectedVersion", (o) => session.append(user("x"), o)],
    ["fence", (o) => session.append(user("x"), o)],
    ["agent", (o) => session.messages(o)],
    ["id", (o) => session.stream(pieces("x"), o)],
    ["operationId", (o) => session.undo(1, o)],
    ["fence", (o) => session.clear(o)],
    ["beforeSeq", (o) => session.trim(o)],
    ["ids", (o) => session.erase(o)],
    ["seqs", (o) => session.retract(o)],
    ["agent", (o) => session.replaceFrom(1, user("x"), o)],
    ["at", (o) => session.fork(o)],
    ["id", (o) => session.fork(o)],
    ["expectedVersion", (o) => session.delete(o)],
    ["subject", (o) => session.touch(o)],
    ["executionId", (o) => session.recordExecution(o)],
    ["operationId", (o) => session.turn(async () => 1, o)],
    ["request", (o) => session.turn(async () => 1, { operationId: "turn", ...(o as object) })],
    ["expectedVersion", (o) => agent.remember("k", 1, o)],
    ["tier", (o) => agent.forget("k", o)],
    ["operationId", (o) => agent.remember("k", 1, o)],
    ["operationId", (o) => agent.update("k", () => 1, o)],
    ["operationId", (o) => agent.forget("k", o)],
    ["operationId", (o) => session.working.forget("k", o)],
    ["tags", (o) => agent.entries(o)],
    ["fence", (o) => session.working.clear(o)],
  ];
  for (const [name, call] of calls) {
    const error = await failure((async () => call(absent(name)))(), "invalid-input");
    expect(error.details.field).toBe(
      `options.${name}`.replace("options.executionId", "execution.executionId"),
    );
  }
  expect((await session.events()).version).toBe(2);
});

it("a message is read once, also where its operation is fingerprinted", async () => {
  const { memory } = oneStore();
  const session = memory.tenant("acme").session("chat");
  let reads = 0;
  const message = {
    role: "user" as const,
    get content() {
      return reads++ === 0 ? "first" : "second";
    },
  };
  await session.append(message, { operationId: "op" });
  expect((await session.messages())[0]?.content).toBe("first");
  const again = await session.append({ role: "user", content: "first" }, { operationId: "op" });
  expect(again.replayed).toBe(true);
  const endless = new Proxy([{ type: "x-a", body: 1 } as EventInput], {
    get: (target, key) => (key === "length" ? Number.NaN : Reflect.get(target, key)),
  });
  for (const options of [{}, { operationId: "other" }])
    expect(MemoryError.isInstance(await failure(session.append(endless, options), "invalid-input"))).toBe(
      true,
    );
});
