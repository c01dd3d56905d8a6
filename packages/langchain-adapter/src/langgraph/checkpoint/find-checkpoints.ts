import type { Document, DocumentScope, DocumentStore, FindOptions } from "@relevo/core";
import { inOrder, readWrite, type StoredWrite } from "./pending-writes.ts";
import { checkpointIdOf, isCheckpoint } from "./thread.ts";

/** A checkpoint, with the writes after it in their order. */
export interface FoundCheckpoint {
  readonly id: string;
  readonly document: Document;
  readonly writes: readonly StoredWrite[];
}

/** What a thread waits for after its newest checkpoint is seldom more. */
const firstPage = 4;
const largestPage = 256;

/**
 * The checkpoints of a place, the newest of each graph first, each when it is complete. Begins with a page that holds one
 * checkpoint as a rule, and goes on with larger ones. Writes whose checkpoint is not there are left out.
 */
export async function* findCheckpoints(
  documents: DocumentStore,
  scope: DocumentScope,
  place: Pick<FindOptions, "namespace" | "namespacePrefix" | "keyAfter" | "keyBefore">,
): AsyncGenerator<FoundCheckpoint, void, void> {
  let checkpoint: Document | undefined;
  let writes: StoredWrite[] = [];
  let cursor: string | undefined;
  for (let limit = firstPage; ; limit = Math.min(limit * 8, largestPage)) {
    const options = { ...place, direction: "backward", limit } as const;
    const page = await documents.find(scope, cursor === undefined ? options : { ...options, cursor });
    for (const document of page.items) {
      if (isCheckpoint(document)) {
        if (checkpoint !== undefined) yield found(checkpoint, writes);
        checkpoint = document;
        writes = [];
      } else if (checkpoint !== undefined && isAfter(document, checkpoint)) writes.push(readWrite(document));
      else if (checkpoint !== undefined) {
        yield found(checkpoint, writes);
        checkpoint = undefined;
      }
    }
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  if (checkpoint !== undefined) yield found(checkpoint, writes);
}

function found(document: Document, writes: readonly StoredWrite[]): FoundCheckpoint {
  return { id: checkpointIdOf(document), document, writes: inOrder(writes) };
}

function isAfter(write: Document, checkpoint: Document): boolean {
  return (
    checkpointIdOf(write) === checkpointIdOf(checkpoint) &&
    write.namespace.at(-1) === checkpoint.namespace.at(-1)
  );
}
