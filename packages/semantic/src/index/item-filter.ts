import type { JsonObject, SearchFilter } from "@relevo/core";
import { searchStreamFilter, whereMatcher } from "@relevo/core/store";
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
  const allowsStream = searchStreamFilter(filter);
  const known = new Int8Array(streams.length);
  const agentNames = agents && new Set(agents);
  const matches = where && whereMatcher(where);
  return (item) => {
    const number = columns.stream[item] ?? -1;
    const stream = streams[number];
    if (stream === undefined) return false;
    if (known[number] === 0) known[number] = allowsStream(stream.stream, stream.subject) ? 1 : -1;
    if (known[number] !== 1) return false;
    const at = columns.at[item] ?? 0;
    if ((since !== undefined && at < since) || (until !== undefined && at > until)) return false;
    const details = columns.details.get(item);
    if (agentNames && !(details?.agent !== undefined && agentNames.has(details.agent))) return false;
    return !matches || matches({ value: details?.value ?? null, metadata: details?.metadata ?? noMetadata });
  };
}
