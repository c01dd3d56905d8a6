import { isDeepStrictEqual } from "node:util";
import type { Checkpoint, CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { type Document, type JsonValue, MemoryError } from "@relevo/core";
import { isObject } from "../../messages/message-item.ts";
import type { StoredChannel } from "./channel-codec.ts";
import type { StoredValue } from "./stored-bytes.ts";

/** A checkpoint without the values of its channels. */
export type CheckpointFrame = Omit<Checkpoint, "channel_values">;

/** The document of a checkpoint. Names of channels are values and not keys: any text may name a channel. */
export interface StoredCheckpoint {
  readonly parent?: string;
  readonly frame: StoredValue;
  readonly metadata: StoredValue;
  readonly channels: readonly (readonly [name: string, stored: StoredChannel])[];
}

export interface Frame {
  readonly checkpoint: CheckpointFrame;
  readonly metadata: CheckpointMetadata;
}

export function toJson(stored: StoredCheckpoint): JsonValue {
  return stored as unknown as JsonValue;
}

/** @throws `corrupt` for a document that is none of ours. */
export function readStored({ value, key }: Document): StoredCheckpoint {
  const isStored =
    isObject(value) &&
    value.frame !== undefined &&
    value.metadata !== undefined &&
    Array.isArray(value.channels) &&
    value.channels.every(isChannel);
  if (!isStored)
    throw new MemoryError(
      "corrupt",
      "The document of a checkpoint does not have the form that was written. Go on from an older checkpoint, or delete the thread.",
      {
        details: { checkpoint: key },
      },
    );
  return value as unknown as StoredCheckpoint;
}

function isChannel(entry: JsonValue): boolean {
  if (!Array.isArray(entry)) return false;
  const [name, stored] = entry as readonly JsonValue[];
  if (typeof name !== "string" || !isObject(stored)) return false;
  return stored.value !== undefined || (Array.isArray(stored.groups) && typeof stored.length === "number");
}

/** Whether the metadata has all that a filter names. */
export function hasMetadata(
  metadata: CheckpointMetadata | undefined,
  filter: Readonly<Record<string, unknown>> | undefined,
): boolean {
  const found = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(filter ?? {}).every(([name, value]) => isDeepStrictEqual(found[name], value));
}
