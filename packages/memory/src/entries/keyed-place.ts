import type { DocumentAddress } from "@relevo/core";
import type { MemoryPlace } from "../memory-place.ts";
import type { VolatileSlot } from "./volatile-slot.ts";

/** One key of a place. */
export interface KeyedPlace {
  readonly place: MemoryPlace;
  readonly slot: VolatileSlot;
  readonly volatile: DocumentAddress;
  readonly durable: DocumentAddress;
}
