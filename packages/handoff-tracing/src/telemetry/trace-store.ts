import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { Store } from "@relevo/core";
import { admitOptions, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { serverAddress, serverPort } from "./conventions.ts";
import { documentOperations } from "./document-operations.ts";
import { logOperations } from "./log-operations.ts";
import type { PortSpans } from "./observe.ts";
import {
  feedOperations,
  leaseOperations,
  maintenanceOperations,
  searchOperations,
} from "./other-operations.ts";
import { Telemetry, telemetryKinds } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";
import { type Operations, tracePort, withMembers } from "./trace-port.ts";

export interface TraceStoreOptions extends TelemetryOptions {
  /**
   * The store keeps its data in this process, and nothing in it makes spans of its own: its spans are then INTERNAL, and
   * not the active ones while a call runs. Otherwise they are CLIENT, and a driver's spans are inside them.
   */
  readonly inProcess?: boolean | undefined;
  /** The server that the store talks to, for `server.address` and `server.port`. */
  readonly server?: { readonly address: string; readonly port?: number | undefined } | undefined;
}

const fields: FieldTable = fieldTable<TraceStoreOptions>({
  ...telemetryKinds,
  inProcess: "refines",
  server: "refines",
});

/** The ports that a store may have, or a part of a store that a feature takes. */
type TracedPorts = Partial<Pick<Store, "log" | "documents" | "leases" | "feed" | "search" | "maintenance">>;

/**
 * The same store with a span, and metrics, for each call of its ports. It has every member of the store, second
 * interfaces included; closing it closes the store. Arguments, results and errors are those of the store, also when an
 * exporter is slow, dead or throws.
 *
 * Spans are those of OpenTelemetry's GenAI conventions where these name the operation, such as `create_memory`, and
 * `relevo.` and the method otherwise. Backends that draw memory from spans get a store for each session and for each
 * owner of documents (see `unitOf`), records by path, and versions.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const store = traceStore(createMemoryStore(), { inProcess: true });
 * const memory = createMemory({ store });
 * ```
 */
export function traceStore<Traced extends TracedPorts>(store: Traced, given: TraceStoreOptions = {}): Traced {
  const options = admitOptions(given, fields);
  const { inProcess = false, server } = options;
  if (typeof store !== "object" || store === null) throw refuse("store", "must be a store.");
  const telemetry = new Telemetry(options);
  const common: PortSpans = {
    kind: inProcess ? SpanKind.INTERNAL : SpanKind.CLIENT,
    isLeaf: inProcess,
    ...(server === undefined ? {} : { attributes: serverAttributes(server) }),
  };
  const traced = <Port extends object>(
    port: Port | undefined,
    operations: Operations<Port>,
  ): Port | undefined => (port === undefined ? undefined : tracePort(telemetry, port, operations, common));
  const ports: Required<{ [Name in keyof TracedPorts]: unknown }> = {
    log: traced(store.log, logOperations(telemetry)),
    documents: traced(store.documents, documentOperations(telemetry)),
    leases: traced(store.leases, leaseOperations(telemetry, common)),
    feed: traced(store.feed, feedOperations),
    search: traced(store.search, searchOperations),
    maintenance: traced(store.maintenance, maintenanceOperations),
  };
  return withMembers(store, ports);
}

function serverAttributes({ address, port }: NonNullable<TraceStoreOptions["server"]>): Attributes {
  if (typeof address !== "string") throw refuse("server.address", "must be a string.");
  return { [serverAddress]: address, ...(port === undefined ? {} : { [serverPort]: port }) };
}
