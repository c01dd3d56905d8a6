import { normalizeRanges } from "@relevo/core/input";
import type { LogDriver } from "@relevo/core/store";
import { answerOf, refusalOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { appendEvents } from "./append.ts";
import { changedHeadOf, decodeHead, decodeText, encoded, headOf, previousTokenOf } from "./head-codec.ts";
import { listSessions } from "./list-sessions.ts";
import { resultOf } from "./operation-codec.ts";
import { rangesText } from "./ranges-text.ts";
import { createReader } from "./read-events.ts";

/** The most events that one `trim` removes, so that no call holds up the server. */
const trimLimit = 5000;

/** The log. */
export function createLogDriver(context: StoreContext): LogDriver {
  const { connection } = context;

  return {
    append: (request) => appendEvents(context, request),
    read: createReader(context),

    async operation({ address, id, signal }) {
      const keys = context.sessionKeys(address);
      const answer = await connection.script(scripts.operation, keys, { operation: id }, { signal });
      return answerOf(answer, ([, fingerprint, firstSeq, version, incarnation, revision]) => ({
        id,
        fingerprint: decodeText(String(fingerprint)),
        result: resultOf(incarnation, [firstSeq, version, revision]),
      }));
    },

    async head({ address, signal }) {
      const keys = context.sessionKeys(address);
      const since = performance.now();
      const args = ["LINDEX", keys.log, "-1"];
      const text = (await connection.read(keys.log, args, { signal })) as string | null;
      if (text !== null) return { ok: headOf(address.session, decodeHead(text)) };
      // A session that is not there was never made, has ended, or was lost.
      const settings = { signal: connection.scope(signal, since) };
      const answer = await connection.script(scripts.checkHistory, keys, {}, settings);
      return answerOf(answer, () => undefined);
    },

    async touch({ address, incarnation, ttlMs, subject, metadata, token, signal }) {
      const answer = await connection.script(
        scripts.touch,
        context.sessionKeys(address),
        {
          session: address.session,
          incarnation: encoded(incarnation),
          ttl: ttlMs === undefined ? undefined : (ttlMs ?? 0),
          subject: encoded(subject),
          metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
          token,
        },
        { signal },
      );
      return answerOf(answer, (reply) => changedHeadOf(address.session, reply));
    },

    async trim({ address, incarnation, beforeSeq, olderThan, token, signal }) {
      const { session } = address;
      const answer = await connection.script(
        scripts.trim,
        context.sessionKeys(address),
        { session, incarnation: encoded(incarnation), beforeSeq, olderThan, limit: trimLimit, token },
        { signal },
      );
      return answerOf(answer, ([, removed, firstSeq, more, removalRevision, present, found]) => ({
        removed: Number(removed),
        firstSeq: Number(firstSeq),
        more: more === 1,
        removalRevision: Number(removalRevision),
        token: String(present),
        ...previousTokenOf(found),
      }));
    },

    async erase({ address, ranges, kept, incarnation, token, signal }) {
      const { session } = address;
      const answer = await connection.script(
        scripts.erase,
        context.sessionKeys(address),
        {
          session,
          incarnation: encoded(incarnation),
          ranges: rangesText(normalizeRanges(ranges)),
          keptRanges: rangesText(normalizeRanges(kept)),
          token,
        },
        { signal, repeatable: true },
      );
      return answerOf(answer, ([, revision, erased, removalRevision, present, found]) => ({
        erased: (erased as readonly number[]).map(Number),
        revision: Number(revision),
        removalRevision: Number(removalRevision),
        token: String(present),
        ...previousTokenOf(found),
      }));
    },

    async delete({ address, incarnation, fence, expectedVersion, expectedToken, signal }) {
      const { session } = address;
      const answer = await connection.script(
        scripts.remove,
        context.sessionKeys(address),
        { session, incarnation: encoded(incarnation), fence, expectedVersion, expectedToken },
        { signal },
      );
      const reply = replyOf(answer);
      return refusalOf(reply) ?? { ok: reply[0] === "ok" };
    },

    list: (request) => listSessions(context, request),
  };
}
