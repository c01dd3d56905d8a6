import { allPages, type CallOptions, type DocumentStore, type SessionAddress } from "@relevo/core";
import { traceNamespace } from "./session-span-exporter.ts";
import type { StoredSpan } from "./stored-span.ts";

/** The spans that `createSessionSpanExporter` kept of a session, by start. */
export async function readSessionSpans(
  documents: DocumentStore,
  { tenant, session }: SessionAddress,
  options: CallOptions = {},
): Promise<readonly StoredSpan[]> {
  const spans: StoredSpan[] = [];
  const documentsOfTraces = allPages((cursor) =>
    documents.find({ tenant, session }, { ...options, namespace: traceNamespace, ...cursor }),
  );
  for await (const { value } of documentsOfTraces) {
    const kept = (value as { readonly spans?: unknown }).spans;
    if (Array.isArray(kept)) for (const span of kept as readonly StoredSpan[]) spans.push(span);
  }
  return spans.sort((a, b) => a.startMs - b.startMs);
}
