import type { AppendResult, SessionAddress, TokenChange } from "@relevo/core";
import type { FullLog } from "../../capabilities.ts";
import type { Mutant } from "../../harness.ts";
import { breakStore } from "../break-store.ts";
import { addressKey, logMutant, sharedState, without } from "../log-mutant.ts";

/** The result as if the call had not moved the token. */
function unmoved<Result extends TokenChange>(result: Result): Result {
  return result.previousToken === undefined ? result : { ...result, token: result.previousToken };
}

/** As the store makes it after each append: from the revision, which two stores can give twice. */
async function countedToken(log: FullLog, address: SessionAddress): Promise<string> {
  const revision = (await log.head(address))?.revision ?? 0;
  return `revision-${String(revision).padStart(20, "0")}`;
}

/** The stores that the cases of write tokens must catch. */
export const tokenMutants: readonly Mutant[] = [
  logMutant(
    "erasure-keeps-the-token",
    "log/token-moves-with-the-revision",
    "an erasure does not tell its new token",
    (log) => ({ erase: async (...call) => unmoved(await log.erase(...call)) }),
  ),
  logMutant(
    "trim-keeps-the-token",
    "log/token-moves-with-the-revision",
    "a trim does not tell its new token",
    (log) => ({ trim: async (...call) => unmoved(await log.trim(...call)) }),
  ),
  logMutant(
    "read-has-no-token",
    "log/token-moves-with-the-revision",
    "a read does not answer the token",
    (log) => ({ read: async (...call) => without(await log.read(...call), "token") }),
  ),
  {
    id: "document-moves-the-token",
    target: "log/token-stays-without-a-change",
    defect: "a write of a session document gives the session a new token",
    mutate: (store, shared) =>
      breakStore(store, shared, ({ documents, log }) => ({
        documents: {
          put: async (address, ...rest) => {
            const document = await documents.put(address, ...rest);
            const { tenant, session } = address;
            if (session !== undefined) await log.touch({ tenant, session }, { metadata: { touched: true } });
            return document;
          },
        },
      })),
  },
  logMutant(
    "no-change-finds-no-token",
    "log/token-stays-without-a-change",
    "a touch that changes nothing answers no previous token",
    (log) => ({
      touch: async (...call) => {
        const head = await log.touch(...call);
        return head?.token === head?.previousToken ? head && without(head, "previousToken") : head;
      },
    }),
  ),
  logMutant(
    "replay-answers-the-recorded-token",
    "log/token-of-a-replay-is-the-present-one",
    "a replay answers the tokens that the first call answered",
    (log, parts) => {
      const results = sharedState(parts, "results", () => new Map<string, AppendResult>());
      return {
        append: async (address, events, options) => {
          const result = await log.append(address, events, options);
          const key = addressKey(address) + options?.operation?.id;
          const { token } = results.get(key) ?? result;
          if (result.replayed) return { ...result, token, previousToken: token };
          results.set(key, result);
          return result;
        },
      };
    },
  ),
  logMutant(
    "token-counts-revisions",
    "log/token-is-new-after-an-end",
    "the token is made of the revision, so that the next incarnation has the same ones",
    (log) => ({
      append: async (address, ...rest) => {
        const result = await log.append(address, ...rest);
        return { ...result, token: await countedToken(log, address) };
      },
    }),
  ),
  logMutant(
    "next-incarnation-finds-a-token",
    "log/token-is-new-after-an-end",
    "the first append after a delete answers the last token of the deleted session",
    (log, parts) => {
      const last = sharedState(parts, "last", () => new Map<string, string>());
      return {
        append: async (address, ...rest) => {
          const previousToken = last.get(addressKey(address));
          const result = await log.append(address, ...rest);
          last.set(addressKey(address), result.token);
          return { ...(previousToken === undefined ? {} : { previousToken }), ...result };
        },
      };
    },
  ),
  logMutant(
    "previous-token-is-read-before",
    "log/tokens-chain",
    "the token before an append is read outside of its atomic step",
    (log) => ({
      append: async (address, ...rest) => {
        const head = await log.head(address);
        const result = await log.append(address, ...rest);
        return head === undefined ? result : { ...result, previousToken: head.token };
      },
    }),
  ),
  logMutant(
    "copy-keeps-the-token",
    "log/token-of-a-copy-is-its-own",
    "an import answers the token of its source",
    (log) => ({
      importEvents: async (address, batch, options) => ({
        ...(await log.importEvents(address, batch, options)),
        token: batch.head.token,
      }),
    }),
  ),
];
