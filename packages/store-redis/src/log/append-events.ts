import type { AppendResult, EventInput, SeqRange } from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";
import { type AdmittedAppend, retractedRanges } from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import { appendFast, appendFull } from "../scripts/scripts.generated.ts";
import { cellOf, encodeAppended } from "./event-codec.ts";
import { decodeText } from "./head-codec.ts";
import { seedOf } from "./seed.ts";
import { requireDone } from "./status.ts";

/** One Lua call; two for the first append of a session, and now and then for its upkeep. */
export async function appendEvents(
  context: StoreContext,
  request: AdmittedAppend,
  signal: AbortSignal | undefined,
): Promise<AppendResult> {
  const { connection } = context;
  const since = performance.now();
  const { address, operation, expectedVersion, fence, ttlMs, incarnation } = request;
  const keys = context.keys.session(address.tenant, address.session);
  const events: string[] = [];
  let cells = "";
  let bytes = 0;
  let plain = ttlMs === undefined;
  for (const one of request.events) {
    const { event } = one;
    events.push(encodeAppended(one));
    cells += cellOf(event, event.agent);
    bytes += one.bytes;
    if (event.type === "retraction" || event.derivedFrom !== undefined) plain = false;
  }
  const common = {
    incarnation: incarnation === undefined ? undefined : encodeURIComponent(incarnation),
    operation: operation?.id,
    fingerprint: operation === undefined ? undefined : encodeURIComponent(operation.fingerprint),
    expectedVersion,
    fence,
    cells,
    bytes,
    events,
  };
  const settings = { signal, repeatable: operation !== undefined };
  if (plain) {
    const few = fence === undefined ? { ...keys, lease: undefined } : keys;
    const answer = requireDone(await connection.script(appendFast, few, common, settings), operation?.id);
    if (answer[0] !== "full") return resultOf(answer);
  }
  // What is left of the time, for both steps.
  const rest = connection.scope(signal, since);
  await context.tenants.register(address.tenant, rest);
  const inputs = request.events.map(({ event }) => event);
  const answer = await connection.script(
    appendFull,
    keys,
    {
      ...common,
      ...seedOf(context, address.session, request),
      ttl: ttlMs === undefined ? undefined : (ttlMs ?? 0),
      retractions: rangesByOffset(inputs, retractedRanges),
      derivations: rangesByOffset(inputs, ({ derivedFrom }) => derivedFrom ?? []),
      seenRemoval: request.derivedFrom === undefined ? undefined : request.removalRevision,
      sources: rangesText(request.derivedFrom ?? []),
    },
    { ...settings, signal: rest },
  );
  return resultOf(requireDone(answer, operation?.id));
}

function resultOf(answer: readonly unknown[]): AppendResult {
  const [status, firstSeq, version, incarnation, revision] = answer;
  return {
    firstSeq: Number(firstSeq),
    version: Number(version),
    incarnation: decodeText(String(incarnation)),
    revision: Number(revision),
    token: "",
    replayed: status === "replayed",
  };
}

/** Ranges of the events that have some, as `1=3-5,7-7;`, with the event's place behind the version. */
function rangesByOffset(
  events: readonly EventInput[],
  rangesOf: (event: EventInput) => readonly SeqRange[],
): string {
  let text = "";
  for (const [index, event] of events.entries()) {
    const ranges = rangesOf(event);
    // As they are walked: ascending and apart, which the event's own need not be.
    if (ranges.length > 0) text += `${index + 1}=${rangesText(normalizeRanges(ranges))};`;
  }
  return text;
}

export function rangesText(ranges: readonly SeqRange[]): string {
  return ranges.map(({ from, to }) => `${from}-${to}`).join(",");
}
