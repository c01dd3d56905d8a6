import type { JsonObject, SearchFilter } from "@relevo/core";
import { whereMatcher } from "@relevo/core/store";
import type { ItemColumns } from "./item-columns.ts";
import type { StreamEntry } from "./stream-table.ts";

const noMetadata: JsonObject = Object.freeze({});

/** The filter as a function of an item. Streams are looked at once each. */
export function itemFilter(
  filter: SearchFilter | undefined,
  columns: ItemColumns,
  streams: readonly (StreamEntry | undefined)[],
): (item: number) => boolean {
  if (filter === undefined || Object.keys(filter).length === 0) return () => true;
  const { agents, where, since, until } = filter;
  const allowsStream = streamFilter(filter);
  const known = new Int8Array(streams.length);
  const agentNames = agents && new Set(agents);
  const matches = where && whereMatcher(where);
  return (item) => {
    const number = columns.stream[item] ?? -1;
    const stream = streams[number];
    if (stream === undefined) return false;
    if (known[number] === 0) known[number] = allowsStream(stream) ? 1 : -1;
    if (known[number] !== 1) return false;
    const at = columns.at[item] ?? 0;
    if ((since !== undefined && at < since) || (until !== undefined && at > until)) return false;
    const details = columns.details.get(item);
    if (agentNames && !(details?.agent !== undefined && agentNames.has(details.agent))) return false;
    return !matches || matches({ value: details?.value ?? null, metadata: details?.metadata ?? noMetadata });
  };
}

function streamFilter({
  sessions,
  subjects,
  namespaces,
  kinds,
}: SearchFilter): (entry: StreamEntry) => boolean {
  const sessionIds = sessions && new Set(sessions);
  const owners = subjects && new Set(subjects);
  return ({ stream, subject }) => {
    if (kinds && !kinds.includes(stream.kind)) return false;
    if (sessionIds && !(stream.session !== undefined && sessionIds.has(stream.session))) return false;
    if (owners && !(subject !== undefined && owners.has(subject))) return false;
    if (!namespaces) return true;
    if (stream.kind !== "document" || stream.session !== undefined) return false;
    return namespaces.some((prefix) => prefix.every((element, index) => stream.namespace[index] === element));
  };
}
