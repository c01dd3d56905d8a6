import type { CallOptions, SearchIndex, SearchStreamState, SessionHead } from "@relevo/core";
import { allPages } from "@relevo/core";
import { type Indexing, isMadeBy, lacksVectors } from "./indexing.ts";
import { progressOf, type SessionStream, SessionWriter } from "./session-writer.ts";

/** A session that is written faster than it is indexed is left to the next look at the change feed. */
const mostRounds = 20;

/**
 * Brings the index up to date with the messages of one session. Continues where it ended, also after a crash, and reads
 * only what is new, unless messages were removed: then all are read again, and those that are gone leave the index.
 *
 * The session is looked at again after writing, because what was read may have been removed before it was written.
 */
export async function indexSession(
  work: Indexing,
  tenant: string,
  session: string,
  call: CallOptions,
): Promise<void> {
  const address = { tenant, session };
  for (let round = 0; round < mostRounds; round++) {
    const head = await work.store.log.head(address, call);
    if (head === undefined) {
      await work.index.remove(tenant, { session }, call);
      return;
    }
    const state = await knownState(work.index, tenant, session, call);
    if (isUpToDate(state, head, work)) return;
    await indexOnce(work, tenant, head, state, call);
  }
}

async function knownState(
  index: SearchIndex,
  tenant: string,
  session: string,
  call: CallOptions,
): Promise<SearchStreamState | undefined> {
  // Beside that of its messages, a session may have a stream for each of many documents.
  for await (const state of allPages((page) => index.streams(tenant, { session }, { ...page, ...call })))
    if (state.stream.kind === "session") return state;
  return undefined;
}

function isUpToDate(state: SearchStreamState | undefined, head: SessionHead, work: Indexing): boolean {
  if (state?.stream.kind !== "session" || state.stream.incarnation !== head.incarnation) return false;
  const { through, checked } = progressOf(state);
  if (!isMadeBy(work, state) || (lacksVectors(state) && work.embedder?.isReady() === true)) return false;
  return (
    state.revision === head.removalRevision &&
    through >= head.version &&
    checked === undefined &&
    (head.subject === undefined || state.subject === head.subject)
  );
}

/** One pass over what is not indexed yet. Ends early when the session changes in a way that asks for another one. */
async function indexOnce(
  work: Indexing,
  tenant: string,
  head: SessionHead,
  known: SearchStreamState | undefined,
  call: CallOptions,
): Promise<void> {
  const stream: SessionStream = { kind: "session", session: head.session, incarnation: head.incarnation };
  const isSame =
    known?.stream.kind === "session" &&
    known.stream.incarnation === head.incarnation &&
    isMadeBy(work, known);
  // What another analysis made is written again from the start, range by range, and found until then.
  const writer = new SessionWriter(work, tenant, stream, head, isSame ? known : undefined);
  if (isSame && (known.revision < head.removalRevision || progressOf(known).checked !== undefined)) {
    if (!(await writer.check(known.revision < head.removalRevision, call))) return;
  }
  await writer.append(call);
}
