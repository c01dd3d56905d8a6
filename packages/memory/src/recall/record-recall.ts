import {
  allPages,
  type CallOptions,
  type DocumentAddress,
  type DocumentInput,
  type DocumentSources,
  isConflict,
  type JsonValue,
  type Page,
  type RecallQuery,
  type RecallResult,
} from "@relevo/core";
import { admitId, refuse, storableText } from "@relevo/core/input";
import { madeInTag } from "../entries/entry.ts";
import { namespaces, userNamespace } from "../namespaces.ts";
import { UserGuard } from "../people/user-guard.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import type { RecallRecording } from "./recall-recording.ts";
import type { RecallsOptions, RecordedRecall } from "./recorded-recall.ts";

/** A search about more people than these is recorded with the first of them. */
const mostUsers = 16;
/** Of a record. Sessions of further hits are in the record, but an erasure does not find it by them. */
const mostTags = 32;
const mostSources = 32;

/** Where records lie, without the key. */
type Place = Omit<DocumentAddress, "key">;

/**
 * Records a search where an erasure finds it: with the session that it was made in, with the people whom it was about, under the
 * sessions of its hits, and as derived from the documents that it found. Never fails the search.
 */
export async function recordRecall(
  runtime: Runtime,
  tenant: string,
  query: RecallQuery,
  { hits, missing }: RecallResult,
  session: Session | undefined,
): Promise<void> {
  const { recording, clock, ids } = runtime;
  if (recording === undefined) return;
  const at = clock.now();
  const value: RecordedRecall = {
    query: storableText(query.text),
    hits: hits.map(({ source, score }) => ({ source, score })),
    missing,
    at,
  };
  const sessions = hits.flatMap(({ source }) => (source.session === undefined ? [] : [source.session]));
  const tags = [...new Set([...sessions, ...(query.sessions ?? [])])].slice(0, mostTags).map(madeInTag);
  const input: DocumentInput = {
    value: value as unknown as JsonValue,
    tags,
    ttlMs: recording.ttlMs,
    derivedFrom: sourcesOf(hits),
  };
  const key = `${String(at).padStart(16, "0")}-${ids.next()}`;
  try {
    if (session !== undefined && (await recordInSession(runtime, session, key, input))) return;
    const users = query.users?.slice(0, mostUsers) ?? [];
    for (const user of users) await recordAbout(runtime, tenant, user, key, input);
    if (users.length > 0) return;
    const place = { tenant, namespace: namespaces.recalls };
    await runtime.durable.documents.put({ ...place, key }, input);
    await keepNewest(runtime.durable, place, recording);
  } catch (error) {
    // What it found is gone by now.
    if (!isConflict(error, "removal")) runtime.onError(error);
  }
}

/** Who searches for what a document says, says it too. */
function sourcesOf(hits: RecallResult["hits"]): DocumentSources | undefined {
  const documents = hits.flatMap(({ source }) => {
    if (source.kind !== "document" || source.session !== undefined) return [];
    const { namespace, key, version } = source;
    return [{ namespace, key, version }];
  });
  return documents.length === 0 ? undefined : { documents: documents.slice(0, mostSources) };
}

/** False when there is no session yet: a record does not make one. */
async function recordInSession(
  { sessions, durable, recording }: Runtime,
  { address }: Session,
  key: string,
  input: DocumentInput,
): Promise<boolean> {
  const head = await sessions.log.head(address);
  if (head === undefined || head.sealed === true) return false;
  const place = { ...address, namespace: namespaces.sessionRecalls };
  // Of another store no document can be named.
  const here = sessions === durable ? input : { ...input, derivedFrom: undefined };
  await sessions.documents.put({ ...place, key }, here, { incarnation: head.incarnation });
  await keepNewest(sessions, place, recording);
  return true;
}

async function recordAbout(
  { durable, recording }: Runtime,
  tenant: string,
  user: string,
  key: string,
  input: DocumentInput,
): Promise<void> {
  const { documents } = durable;
  const guard = new UserGuard(tenant, user);
  await guard.enter(documents, {});
  const place = { tenant, namespace: userRecalls(user) };
  await documents.put({ ...place, key }, input);
  await guard.settle(documents, () => documents.delete({ ...place, key }));
  await keepNewest(durable, place, recording);
}

function userRecalls(user: string): readonly string[] {
  return [...userNamespace(user), "recalls"];
}

/** Looks for records that are too many once in a while, so that each write costs little. */
async function keepNewest(
  { documents }: MemoryStore,
  { namespace, ...scope }: Place,
  recording: RecallRecording | undefined,
): Promise<void> {
  if (recording === undefined) return;
  const { keep, written } = recording;
  const name = JSON.stringify([scope, namespace]);
  const count = (written.get(name) ?? 0) + 1;
  if (count < Math.max(1, keep / 10)) {
    written.set(name, count);
    return;
  }
  written.delete(name);
  const newestFirst = allPages((page) =>
    documents.find(scope, { namespace, direction: "backward", limit: 100, ...page }),
  );
  let place = 0;
  for await (const { key } of newestFirst)
    if (++place > keep) await documents.delete({ ...scope, namespace, key });
}

/** The records, newest first. */
export async function listRecalls(
  { sessions, durable, limits }: Runtime,
  tenant: string,
  { session, user, ...page }: RecallsOptions & CallOptions,
): Promise<Page<RecordedRecall>> {
  if (session !== undefined && user !== undefined)
    throw refuse("options", "must name a session or a user, not both.");
  const { items, cursor } =
    session !== undefined
      ? await sessions.documents.find(
          { tenant, session: admitId(session, "options.session", limits) },
          { ...page, namespace: namespaces.sessionRecalls, direction: "backward" },
        )
      : await durable.documents.find(
          { tenant },
          {
            ...page,
            namespace:
              user === undefined ? namespaces.recalls : userRecalls(admitId(user, "options.user", limits)),
            direction: "backward",
          },
        );
  return {
    items: items.map(({ value }) => value as unknown as RecordedRecall),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
