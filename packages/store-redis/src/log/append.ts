import type { AppendResult, EventInput } from "@relevo/core";
import { type AdmittedAppend, type Answer, retractedRanges } from "@relevo/core/store";
import { type Reply, refusalOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { appendFast, appendFull } from "../scripts/scripts.generated.ts";
import { cellOf, encodeAppended } from "./event-codec.ts";
import { decodeText, encoded } from "./head-codec.ts";
import { numberedRanges, rangesText } from "./ranges-text.ts";
import { seedOf } from "./seed.ts";

/** One Lua call; two for the first append of a session, and now and then for its upkeep. */
export async function appendEvents(
  context: StoreContext,
  request: AdmittedAppend,
): Promise<Answer<AppendResult>> {
  const { connection } = context;
  const since = performance.now();
  const { address, operation, fence, ttlMs, signal } = request;
  const keys = context.sessionKeys(address);
  const events: string[] = [];
  let cells = "";
  let bytes = 0;
  let plain = ttlMs === undefined;
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
  const settings = { signal, repeatable: operation !== undefined };
  if (plain) {
    const { log, operations, olderOperations, columns, changes } = keys;
    const landmarks = marked ? keys.landmarks : undefined;
    // Keys go by their place: before another one, the lease is named too.
    const lease = marked || fence !== undefined ? keys.lease : undefined;
    const few = { log, operations, olderOperations, columns, changes, lease, landmarks };
    const reply = replyOf(await connection.script(appendFast, few, common, settings));
    if (reply[0] !== "full") return appended(reply, request.token);
  }
  // What is left of the time, for both steps.
  const rest = connection.scope(signal, since);
  await context.tenants.register(address.tenant, rest);
  const numbered = request.events.map(({ event }, index) => [index + 1, event] as const);
  const answer = await connection.script(
    appendFull,
    keys,
    {
      ...common,
      ...seedOf(context, address.session, request),
      ttl: ttlMs === undefined ? undefined : (ttlMs ?? 0),
      retractions: numberedRanges(numbered, retractedRanges),
      derivations: numberedRanges(numbered, ({ derivedFrom }) => derivedFrom ?? []),
      seenRemoval: request.derivedFrom === undefined ? undefined : request.removalRevision,
      sources: rangesText(request.derivedFrom ?? []),
    },
    { ...settings, signal: rest },
  );
  return appended(replyOf(answer), request.token);
}

/** What an append names beside its operation; nothing when it names nothing. */
function guardsOf({ incarnation, expectedVersion, fence }: AdmittedAppend): string | undefined {
  if (incarnation === undefined && expectedVersion === undefined && fence === undefined) return undefined;
  return `${encoded(incarnation) ?? ""}|${expectedVersion ?? ""}|${fence ?? ""}`;
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
