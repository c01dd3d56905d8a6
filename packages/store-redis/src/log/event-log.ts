import type {
  AppendOptions,
  CallOptions,
  DeleteSessionOptions,
  EraseOptions,
  EventLog,
  EventTransfer,
  ListSessionsOptions,
  ReadOptions,
  SessionAddress,
  TouchOptions,
  TrimOptions,
} from "@relevo/core";
import { MemoryError } from "@relevo/core";
import { admitCall, admitId, admitSessionAddress, normalizeRanges } from "@relevo/core/input";
import {
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitListSessions,
  admitRead,
  admitTouch,
  admitTrim,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import type { SessionKeys } from "../keys.ts";
import * as scripts from "../scripts/scripts.generated.ts";
import { appendEvents, rangesText } from "./append-events.ts";
import { decodeHead, decodeText, headOf } from "./head-codec.ts";
import { listSessions } from "./list-sessions.ts";
import { resultOf } from "./operation-codec.ts";
import { createReader } from "./read-events.ts";
import { requireHistory } from "./require-history.ts";
import { type Answer, requireDone } from "./status.ts";
import { createTransfer } from "./transfer.ts";

/** The most events that one `trim` removes, so that no call holds up the server. */
const trimLimit = 5000;

/** The log port, with transfer. */
export function createEventLog(context: StoreContext): EventLog & EventTransfer {
  const { connection, limits, keys } = context;
  const readEvents = createReader(context);

  /** Runs a script over a whole session. */
  async function onSession<Arguments>(
    script: scripts.EmbeddedScript<SessionKeys, Arguments>,
    address: SessionAddress,
    values: Arguments,
    options: CallOptions,
    repeatable = false,
  ): Promise<Answer> {
    const sessionKeys = keys.session(address.tenant, address.session);
    const settings = { signal: options.signal, repeatable };
    return requireDone(await connection.script(script, sessionKeys, values, settings));
  }

  const log: EventLog = {
    async append(address, events, options: AppendOptions = {}) {
      connection.requireOpen();
      return await appendEvents(context, admitAppend(address, events, options, limits), options.signal);
    },

    async operation(address, id, options = {}) {
      connection.requireOpen();
      admitCall(options);
      const admitted = admitSessionAddress(address, limits);
      const operationId = admitId(id, "id", limits);
      const answer = await onSession(scripts.operation, admitted, { operation: operationId }, options);
      if (answer[0] !== "ok") return undefined;
      const [, fingerprint, firstSeq, version, incarnation, revision] = answer;
      return {
        id: operationId,
        fingerprint: decodeText(String(fingerprint)),
        result: resultOf(incarnation, [firstSeq, version, revision]),
      };
    },

    async read(address, options: ReadOptions = {}) {
      connection.requireOpen();
      const request = admitRead(address, options, limits);
      const signal = connection.scope(options.signal);
      return await readEvents(admitSessionAddress(address, limits), request, signal);
    },

    async head(address, options = {}) {
      connection.requireOpen();
      admitCall(options);
      const { tenant, session } = admitSessionAddress(address, limits);
      const sessionKeys = keys.session(tenant, session);
      const args = ["LINDEX", sessionKeys.log, "-1"];
      const since = performance.now();
      const text = (await connection.read(sessionKeys.log, args, options)) as string | null;
      if (text !== null) return headOf(session, decodeHead(text));
      await requireHistory(context, sessionKeys, connection.scope(options.signal, since));
      return undefined;
    },

    async touch(address, options: TouchOptions = {}) {
      connection.requireOpen();
      const { incarnation, ttlMs, subject, metadata } = admitTouch(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const answer = await onSession(
        scripts.touch,
        admitted,
        {
          session: admitted.session,
          incarnation: encoded(incarnation),
          ttl: ttlMs === undefined ? undefined : (ttlMs ?? 0),
          subject: encoded(subject),
          metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
        },
        options,
      );
      return answer[0] === "none" ? undefined : headOf(admitted.session, decodeHead(String(answer[1])));
    },

    async trim(address, options: TrimOptions) {
      connection.requireOpen();
      const { incarnation, beforeSeq, olderThan } = admitTrim(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const answer = await onSession(
        scripts.trim,
        admitted,
        {
          session: admitted.session,
          incarnation: encoded(incarnation),
          beforeSeq,
          olderThan,
          limit: trimLimit,
        },
        options,
      );
      if (answer[0] === "none") return { removed: 0, firstSeq: 1, more: false, removalRevision: 0 };
      return {
        removed: Number(answer[1]),
        firstSeq: Number(answer[2]),
        more: answer[3] === 1,
        removalRevision: Number(answer[4]),
      };
    },

    async erase(address, options: EraseOptions) {
      connection.requireOpen();
      const { ranges, incarnation } = admitErase(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const answer = await onSession(
        scripts.erase,
        admitted,
        {
          session: admitted.session,
          incarnation: encoded(incarnation),
          ranges: rangesText(normalizeRanges(ranges)),
        },
        options,
        true,
      );
      if (answer[0] === "none") return { erased: [], revision: 0, removalRevision: 0 };
      return {
        erased: (answer[2] as readonly number[]).map(Number),
        revision: Number(answer[1]),
        removalRevision: Number(answer[3]),
      };
    },

    async delete(address, options: DeleteSessionOptions = {}) {
      connection.requireOpen();
      const { incarnation, expectedVersion } = admitDeleteSession(address, options, limits);
      const admitted = admitSessionAddress(address, limits);
      const answer = await onSession(
        scripts.remove,
        admitted,
        { session: admitted.session, incarnation: encoded(incarnation), expectedVersion },
        options,
      );
      return answer[0] === "ok";
    },

    async list(tenant, options: ListSessionsOptions = {}) {
      connection.requireOpen();
      const request = admitListSessions(tenant, options, limits);
      return await listSessions(context, request, connection.scope(options.signal));
    },

    async scan() {
      throw new MemoryError("unsupported", "This store does not scan yet.");
    },
  };

  return { ...log, ...createTransfer(context, onSession) };
}

function encoded(id: string | undefined): string | undefined {
  return id === undefined ? undefined : encodeURIComponent(id);
}
