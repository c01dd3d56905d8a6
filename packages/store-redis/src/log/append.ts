import type { AppendResult, EventInput } from "@relevo/core";
import { type AdmittedAppend, type Answer, retractionsOf } from "@relevo/core/store";
import { type Reply, refusalOf, replyOf } from "../answers.ts";
import type { CallSettings } from "../connection/connection.ts";
import type { StoreContext } from "../context.ts";
import { appendFast, appendFull, appendUnseen } from "../scripts/scripts.generated.ts";
import { cellOf, encodeAppended } from "./event-codec.ts";
import { decodeText, encoded } from "./head-codec.ts";
import { numberedRanges, rangesText } from "./ranges-text.ts";
import { seedOf, seedText } from "./seed.ts";

/**
 * One Lua call; two now and then for the upkeep of the session or of its bucket, and one more for a tenant that this
 * process has not written to for a minute.
 */
export async function appendEvents(
  context: StoreContext,
  request: AdmittedAppend,
): Promise<Answer<AppendResult>> {
  const { connection } = context;
  const since = performance.now();
  const { address, operation, fence, signal } = request;
  const keys = context.sessionKeys(address);
  const events: string[] = [];
  let cells = "";
  let bytes = 0;
  let plain = true;
  let marked = false;
  for (const one of request.events) {
    const { event } = one;
    events.push(encodeAppended(one));
    cells += cellOf(event, event.agent);
    bytes += one.bytes;
    if (!isPlain(event)) plain = false;
    if (isLandmark(event)) marked = true;
  }
  const common = {
    session: address.session,
    guards: guardsOf(request),
    operation: operation?.id,
    fingerprint: encoded(operation?.fingerprint),
    token: request.token,
    cells,
    bytes,
    events,
  };
  const settings: CallSettings = { signal, repeatable: operation !== undefined };
  // For calls after the first: all end by the same deadline.
  const restOfTime = (): CallSettings => ({ ...settings, signal: connection.scope(signal, since) });
  const done = (reply: Reply): Answer<AppendResult> => {
    if (!isSeen) context.seen.set(keys.log, true);
    return appended(reply, request.token);
  };
  const { log, operations, olderOperations, columns, changes } = keys;
  const isSeen = context.seen.get(log) === true;
  const isRegistered = !isSeen && context.tenants.isRegistered(address.tenant);
  if (plain && !isRegistered) {
    const landmarks = marked ? keys.landmarks : undefined;
    // Keys go by their place: before another one, the lease is named too.
    const lease = marked || fence !== undefined ? keys.lease : undefined;
    const few = { log, operations, olderOperations, columns, changes, lease, landmarks };
    const reply = replyOf(await connection.script(appendFast, few, common, settings));
    // Of a session that was seen and is gone something is left, which takes the full script.
    if (reply[0] === "full" || isSeen) plain = false;
    if (reply[0] !== "full" && reply[0] !== "none") return done(reply);
  }
  const seed = seedOf(context, address.session, request);
  let rest = isRegistered ? settings : restOfTime();
  if (!isRegistered) await context.tenants.register(address.tenant, rest.signal);
  if (plain) {
    const values = { ...common, seed: seedText(seed) };
    const reply = replyOf(await connection.script(appendUnseen, keys, values, rest));
    if (reply[0] !== "full") return done(reply);
    if (isRegistered) rest = restOfTime();
  }
  const numbered = request.events.map(({ event }, index) => [index + 1, event] as const);
  const answer = await connection.script(
    appendFull,
    keys,
    {
      ...common,
      ...seed,
      retractions: numberedRanges(
        retractionsOf(request.events.map(({ event }) => event)).map((ranges, index) => [index + 1, ranges]),
        (ranges) => ranges,
      ),
      derivations: numberedRanges(numbered, ({ derivedFrom }) => derivedFrom ?? []),
      seenRemoval: request.derivedFrom === undefined ? undefined : request.removalRevision,
      sources: rangesText(request.derivedFrom ?? []),
    },
    rest,
  );
  return done(replyOf(answer));
}

/** What an append names beside its operation; nothing when it names nothing. */
function guardsOf({ incarnation, expectedVersion, fence, ttlMs }: AdmittedAppend): string | undefined {
  const guards = incarnation ?? expectedVersion ?? fence ?? ttlMs;
  if (guards === undefined) return undefined;
  return `${encoded(incarnation) ?? ""}|${expectedVersion ?? ""}|${fence ?? ""}|${ttlMs === undefined ? "" : (ttlMs ?? 0)}`;
}

/** Whether nothing but the log, its columns and its landmarks knows of the event. */
function isPlain({ type, derivedFrom }: EventInput): boolean {
  return type !== "retraction" && derivedFrom === undefined;
}

/** Whether it may be one of the landmarks, as the scripts decide. */
function isLandmark({ type, pinned }: EventInput): boolean {
  return type === "summary" || pinned === true;
}

function appended(reply: Reply, token: string): Answer<AppendResult> {
  const [status, firstSeq, version, revision, found, recordedAt] = reply;
  const replayed = status === "replayed";
  // The token that was found, unless the session is new, and the incarnation.
  const [incarnation = "", previousToken] = String(found).split("|").reverse();
  return (
    refusalOf(reply) ?? {
      ok: {
        firstSeq: Number(firstSeq),
        version: Number(version),
        incarnation: decodeText(incarnation),
        revision: Number(revision),
        // A replay found the present one.
        token: replayed ? (previousToken ?? "") : token,
        ...(previousToken === undefined ? {} : { previousToken }),
        ...(replayed ? {} : { recordedAt: Number(recordedAt) }),
        replayed,
      },
    }
  );
}
