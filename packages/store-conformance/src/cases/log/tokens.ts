import type { AppendResult, EventLog, SessionAddress, TokenChange } from "@relevo/core";
import { transferLogs } from "../../capabilities.ts";
import { check, equal, present, refuses } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { addressOf, letExpire, messages, operationOf, range, retracts, says } from "../../samples.ts";
import { copySession, exportAll } from "../transfer/copy-session.ts";

type Call = () => Promise<TokenChange | undefined>;

/** The token that head and read answer, which must be the same. */
async function tokenOf(log: EventLog, address: SessionAddress, what: string): Promise<string> {
  const token = present(await log.head(address), `the head ${what}`).token;
  equal((await log.read(address, { limit: 1 })).token, token, `the token of a read ${what}`);
  return token;
}

/** Runs calls that must each move the token, and checks what they answer. Returns all tokens. */
async function movesWith(
  context: CaseContext,
  address: SessionAddress,
  calls: readonly (readonly [what: string, call: Call])[],
): Promise<readonly string[]> {
  const tokens = [await tokenOf(context.store.log, address, "before")];
  for (const [what, call] of calls) {
    const { token, previousToken } = present(await call(), `the result of ${what}`);
    equal(previousToken, tokens.at(-1), `the previous token that ${what} answers`);
    const now = await tokenOf(context.other.log, address, `after ${what}`);
    equal(token, now, `the token that ${what} answers`);
    check(!tokens.includes(now), `${what} gives a token that was there before`);
    check(/^[\w-]{22,64}$/.test(now), `${what} gives the token ${JSON.stringify(now)}`);
    tokens.push(now);
  }
  return tokens;
}

/** Write tokens: what a cache compares. */
export const tokenCases: readonly ConformanceCase[] = [
  {
    id: "log/token-moves-with-the-revision",
    area: "log",
    contract:
      "Every write that moves the revision gives the session a new token of at least 22 characters of base64url and answers it with the token that it found; head and read answer the present one.",
    async run(context) {
      const { log } = context.store;
      const other = context.other.log;
      const address = addressOf(context);
      const first = await log.append(address, messages(4), { operation: operationOf("send-1") });
      check(!("previousToken" in first), "the append that created the session answers a previous token");
      equal(first.token, await tokenOf(other, address, "after the first append"), "the first token");
      const [transfer] = transferLogs(context) ?? [];
      await movesWith(context, address, [
        ["an append", () => other.append(address, [says("five")])],
        ["an append without events", () => log.append(address, [], { operation: operationOf("nothing") })],
        ["a retraction", () => log.append(address, [retracts(range(5))])],
        ["an erase", () => other.erase(address, { seqs: [range(3)] })],
        ["a trim", () => log.trim(address, { beforeSeq: 2 })],
        ["new metadata", () => other.touch(address, { metadata: { topic: "new" } })],
        ["a new subject", () => log.touch(address, { subject: "user-9" })],
        ["a new lifetime", () => log.touch(address, { ttlMs: 600_000 })],
        ["no lifetime", () => other.touch(address, { ttlMs: null })],
        ...(transfer === undefined
          ? []
          : ([
              ["a seal", () => transfer.seal(address)],
              ["an erase of a sealed session", () => log.erase(address, { seqs: [range(4)] })],
              ["an unseal", () => transfer.unseal(address)],
            ] as const)),
      ]);
      const neighbour = await log.append(addressOf(context, "neighbour"), messages(1));
      check(neighbour.token !== first.token, "two sessions have one token");
    },
  },
  {
    id: "log/token-stays-without-a-change",
    area: "log",
    contract:
      "What changes nothing keeps the token and answers it as both: refused calls, reads, repeated erasures and seals, empty trims and touches, writes of documents.",
    async run(context) {
      const { log, documents } = context.store;
      const address = addressOf(context);
      await log.append(address, messages(3));
      await log.erase(address, { seqs: [range(1)] });
      const token = await tokenOf(log, address, "before");
      const unchanged = { token, previousToken: token };
      const expectUnchanged = async (what: string, call: Call): Promise<void> => {
        const result = present(await call(), `the result of ${what}`);
        const { token: after, previousToken: before } = result;
        equal({ token: after, previousToken: before }, unchanged, `the tokens that ${what} answers`);
        equal(await tokenOf(context.other.log, address, `after ${what}`), token, `the token after ${what}`);
      };
      await refuses(log.append(address, [says("x")], { expectedVersion: 1 }), "conflict", "a stale append");
      await expectUnchanged("an erase of what is blank", () => log.erase(address, { seqs: [range(1)] }));
      await expectUnchanged("a trim of nothing", () => log.trim(address, { beforeSeq: 1 }));
      await expectUnchanged("a touch that changes nothing", () => log.touch(address));
      await documents.put({ ...address, namespace: ["notes"], key: "k" }, { value: 1 });
      await documents.delete({ ...address, namespace: ["notes"], key: "k" });
      equal(await tokenOf(context.other.log, address, "after writes of documents"), token, "the token");
      const [transfer] = transferLogs(context) ?? [];
      if (transfer === undefined) return;
      const sealed = await transfer.seal(address);
      equal(sealed.previousToken, token, "the previous token of a seal");
      const again = await transfer.seal(address);
      equal([again.token, again.previousToken], [sealed.token, sealed.token], "the tokens of a second seal");
    },
  },
  {
    id: "log/token-of-a-replay-is-the-present-one",
    area: "log",
    contract:
      "A replayed append answers the present token as both of its tokens, never the one that its first call gave.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const options = { operation: operationOf("send-1") };
      const first = await log.append(address, messages(1), options);
      const again = await context.other.log.append(address, messages(1), options);
      equal(
        [again.replayed, again.token, again.previousToken],
        [true, first.token, first.token],
        "a replay when nobody else wrote",
      );
      const others = await context.other.log.append(address, [says("of somebody else")]);
      const late = await log.append(address, messages(1), options);
      equal(
        [late.replayed, late.token, late.previousToken],
        [true, others.token, others.token],
        "a replay after somebody else wrote",
      );
      const record = present(await log.operation(address, "send-1"), "the record of the operation");
      equal(
        Object.keys(record.result).toSorted(),
        ["firstSeq", "incarnation", "revision", "version"],
        "what is recorded of an operation",
      );
    },
  },
  {
    id: "log/token-is-new-after-an-end",
    area: "log",
    contract:
      "A session that begins again after a delete or its expiry has a token that was never used, and finds none; without a session there is no token.",
    async run(context) {
      const { log } = context.store;
      const address = addressOf(context);
      const missing = [
        await log.read(address),
        await log.trim(address, { beforeSeq: 2 }),
        await log.erase(address, { seqs: [range(1)] }),
      ];
      for (const result of missing)
        check(!("token" in result || "previousToken" in result), "a token without a session");
      const seen = new Set<string>();
      for (const end of [() => log.delete(address), () => letExpire(context, address), undefined]) {
        const { token, ...rest } = await log.append(address, [says("the same words")]);
        check(!("previousToken" in rest), "a new incarnation answers a previous token");
        check(!seen.has(token), "a new incarnation has an old token");
        seen.add(token);
        await end?.();
      }
    },
  },
  {
    id: "log/tokens-chain",
    area: "log",
    contract:
      "Concurrent appends through both handles form one chain: each finds the token that the one before it gave.",
    async run(context) {
      const address = addressOf(context);
      const first = await context.store.log.append(address, [says("first")]);
      const handles = [context.store.log, context.other.log];
      const appends = Array.from({ length: 16 }, (_, index) =>
        (handles[index % 2] ?? context.store.log).append(address, [says(`message ${index}`)]),
      );
      const results: readonly AppendResult[] = await Promise.all(appends);
      const chain = [first, ...results.toSorted((left, right) => left.version - right.version)];
      for (const [index, { previousToken }] of chain.entries())
        equal(previousToken, chain[index - 1]?.token, `the previous token of append ${index + 1}`);
      equal(await tokenOf(context.other.log, address, "at the end"), chain.at(-1)?.token, "the last token");
    },
  },
  {
    id: "log/token-of-a-copy-is-its-own",
    area: "log",
    needs: ["transfer"],
    contract:
      "An imported session has tokens of its own: each batch that adds something gives a new one, one that adds nothing keeps it, and none is the source's.",
    async run(context) {
      const [log, other] = transferLogs(context) ?? [];
      if (log === undefined || other === undefined) return;
      const address = addressOf(context);
      const archive = { ...address, tenant: `${context.tenant}-archive` };
      await log.append(address, messages(4), { operation: operationOf("send-1") });
      await log.seal(address);
      const batches = await exportAll(log, address, 2);
      const tokens = [present(await log.head(address), "the head of the source").token];
      let previous: string | undefined;
      for (const batch of batches) {
        const copy = await other.importEvents(archive, batch);
        equal(copy.previousToken, previous, "the previous token of an import");
        check(!tokens.includes(copy.token), "an import gives a token that was there before");
        previous = copy.token;
        tokens.push(copy.token);
      }
      for (const batch of batches) {
        const again = await log.importEvents(archive, batch);
        equal([again.token, again.previousToken], [previous, previous], "the tokens of a repeated import");
      }
      await other.unseal(archive);
      await copySession(log, address, other, { ...archive, session: "second" });
      const second = present(await log.head({ ...archive, session: "second" }), "the head of a second copy");
      check(!tokens.includes(second.token), "two copies share a token");
    },
  },
];
