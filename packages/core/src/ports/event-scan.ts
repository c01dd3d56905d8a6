import type { EventType, StoredEvent } from "../events.ts";
import type { PageOptions } from "./common.ts";

export interface ScanOptions extends PageOptions {
  readonly types?: readonly EventType[];
  readonly agent?: string;
  /** Only events recorded at or after this time. */
  readonly since?: number;
  /** Only events recorded before this time. */
  readonly until?: number;
}

/** An event together with its session. */
export interface ScannedEvent {
  readonly session: string;
  readonly incarnation: string;
  readonly event: StoredEvent;
}
