import type { SearchFilter, SearchSelector, SearchStream } from "../ports/search-index.ts";

/** So many similar terms are named at most, see `SearchIndex.lookup`. */
export const mostSimilarTerms = 64;
export const shortestSimilarTerm = 4;
/** Terms that begin with so many UTF-16 units of a word are similar to it. */
export const similarPrefixLength = 5;

/**
 * One string for each stream, whose order is the order of streams: sessions with their documents by id, then documents
 * that stand alone by namespace and key. What the key of a session's messages begins with, its documents' begin with too;
 * the same holds of namespaces. Admitted ids hold no NUL.
 */
export function searchStreamKey(stream: SearchStream): string {
  if (stream.kind === "session") return sessionPrefix(stream.session);
  const { session, namespace, key } = stream;
  const owner = session === undefined ? "d\0" : `${sessionPrefix(session)}\u0001`;
  return `${owner}${elements(namespace)}\0${key}`;
}

/** What the keys of the streams that a selector names begin with; with `isWhole`, the one key that it names. */
export function searchStreamPrefix(selector: SearchSelector): {
  readonly prefix: string;
  readonly isWhole: boolean;
} {
  if ("all" in selector) return { prefix: "", isWhole: false };
  if ("session" in selector) return { prefix: sessionPrefix(selector.session), isWhole: false };
  const { namespacePrefix, key } = selector;
  const prefix = `d\0${elements(namespacePrefix)}`;
  return key === undefined ? { prefix, isWhole: false } : { prefix: `${prefix}\0${key}`, isWhole: true };
}

function sessionPrefix(session: string): string {
  return `s\0${session}\0`;
}

function elements(namespace: readonly string[]): string {
  return namespace.map((element) => `${element}\0`).join("");
}

/** What a filter says of streams, as a function of the stream and the owner of its session. */
export function searchStreamFilter({
  sessions,
  subjects,
  namespaces,
  kinds,
}: SearchFilter): (stream: SearchStream, subject: string | undefined) => boolean {
  const sessionIds = sessions && new Set(sessions);
  const owners = subjects && new Set(subjects);
  return (stream, subject) => {
    if (kinds && !kinds.includes(stream.kind)) return false;
    if (sessionIds && !(stream.session !== undefined && sessionIds.has(stream.session))) return false;
    const isEverybodys = subject === undefined && stream.session === undefined;
    if (owners && !isEverybodys && !(subject !== undefined && owners.has(subject))) return false;
    if (!namespaces || stream.kind !== "document") return true;
    return namespaces.some((prefix) => prefix.every((element, index) => stream.namespace[index] === element));
  };
}

/** Whether a term may have been meant by a word that no item holds, see `SearchIndex.lookup`. */
export function isSimilarTerm(word: string, term: string): boolean {
  if (term.length < shortestSimilarTerm) return false;
  const beginsAlike =
    word.length >= similarPrefixLength && term.startsWith(word.slice(0, similarPrefixLength));
  return beginsAlike || isOneEditAway(word, term);
}

/** One insertion, deletion, substitution, or swap of neighbours. */
export function isOneEditAway(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1) return false;
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  if (left.length !== right.length) {
    const [longer, shorter] = left.length > right.length ? [left, right] : [right, left];
    return longer.slice(at + 1) === shorter.slice(at);
  }
  return (
    left.slice(at + 1) === right.slice(at + 1) ||
    (left[at] === right[at + 1] && left[at + 1] === right[at] && left.slice(at + 2) === right.slice(at + 2))
  );
}
