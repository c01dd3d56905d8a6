import { SpanKind } from "@opentelemetry/api";
import type { Recall, RecallHit } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import {
  documentRecordId,
  documentStoreId,
  eventRecordId,
  sessionStoreId,
  tenantStoreId,
} from "./memory-ids.ts";
import { Telemetry, telemetryKinds } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";
import { type Operations, tracePort } from "./trace-port.ts";

const fields: FieldTable = fieldTable<TelemetryOptions>(telemetryKinds);

/**
 * The same recall with a `search_memory` span for each search: how many hits, and with content the query and each hit with
 * its score. A recall looks across the stores of a tenant, so the store is the tenant, and a record's id begins with that
 * of its own store.
 *
 * @throws `invalid-input` that names the option.
 */
export function traceRecall<Traced extends Recall>(recall: Traced, given: TelemetryOptions = {}): Traced {
  if (typeof recall?.search !== "function") throw refuse("recall", "must have a function search().");
  const telemetry = new Telemetry(admitOptions(given, fields));
  const operations: Operations<Recall> = {
    search: {
      name: "recall.search",
      memory: "search_memory",
      start(span, [tenant, { text }]) {
        span.setAttribute(relevo.tenant.name, tenant);
        span.setAttribute(genAi.memoryStoreId, tenantStoreId(tenant));
        telemetry.setContent(span, genAi.memoryQueryText, text, { kind: "query" });
        return undefined;
      },
      end(span, [tenant], { hits, missing }) {
        if (missing.length > 0) span.setAttribute(relevo.recallMissing.name, missing.join());
        span.setAttribute(genAi.memoryRecordCount, hits.length);
        span.setAttribute(relevo.found.name, hits.length > 0);
        telemetry.setRecords(
          span,
          () => tenantStoreId(tenant),
          () => hits.map((hit) => ({ id: recordIdOf(tenant, hit), content: hit.text, score: hit.score })),
        );
      },
      measure({ recalls }, _, result) {
        if (result !== undefined) recalls.add(1, { [relevo.found.name]: result.hits.length > 0 });
      },
    },
  };
  return tracePort<Recall>(telemetry, recall, operations, { kind: SpanKind.INTERNAL }) as Traced;
}

function recordIdOf(tenant: string, { source }: RecallHit): string {
  if (source.kind === "event")
    return `${sessionStoreId(tenant, source.session)}/${eventRecordId(source.seq)}`;
  const { session, namespace, key } = source;
  const address = { tenant, ...(session === undefined ? {} : { session }), namespace, key };
  return `${documentStoreId(address)}/${documentRecordId(address)}`;
}
