import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentWriteOptions,
  isConflict,
  type JsonObject,
  MemoryError,
} from "@relevo/core";
import { maxPageSize, retry } from "@relevo/core/input";
import { documentInput, notesOf, notesOn, withNotes } from "../entries/entry.ts";
import { eraseDocuments } from "../erasure/erase-documents.ts";
import { memoryOperation, type Operated } from "../memory-operation.ts";
import type { WriteOrigin } from "../memory-place.ts";
import { namespaces } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import type { Feedback, Outcome } from "./outcome.ts";
import { addOutcome, emptyTally, mergeTally, readTally, type Tally, writeTally } from "./tally.ts";

/**
 * An agent's outcomes are spread over so many tallies, each a document, so that processes that record at once seldom
 * meet; a reader merges them. Sixteen writers of one agent need five tries or so instead of sixteen.
 */
const parts = 8;

/** Each part keeps its newest outcomes in so many documents, which it uses again in turn. */
export const maxFeedback = 50;

const attempts = 30;
const delayMs = 5;

/** The outcomes of one agent, all of one owner, so that a tally and the newest outcome are written together. */
export class OutcomeStore {
  readonly #runtime: Runtime;
  readonly #tenant: string;
  readonly #namespace: readonly string[];

  constructor(runtime: Runtime, tenant: string, agent: string) {
    this.#runtime = runtime;
    this.#tenant = tenant;
    this.#namespace = [...namespaces.outcomes, agent];
  }

  /**
   * Counts the outcome by compare-and-set. A lost race is tried again in another part: an operation is known to the owner,
   * whichever of its documents it wrote.
   */
  async record(
    outcome: Outcome,
    origin: WriteOrigin | undefined,
    { operationId, ...call }: { readonly operationId?: string } & CallOptions,
  ): Promise<void> {
    const { documents } = this.#runtime.durable;
    const operated: Operated = memoryOperation(this.#runtime, this.#namespace, operationId, {
      outcome,
      session: origin?.session,
    });
    const kept = { ...outcome, at: this.#runtime.clock.now() };
    const value = documentInput(this.#runtime, kept as unknown as JsonObject, {});
    const input = withNotes(this.#runtime, value, notesOn(origin, undefined));
    await origin?.guard?.enter(documents, signalOf(call));
    const written = await retry(
      async () => {
        const part = Math.min(parts - 1, Math.floor(this.#runtime.random() * parts));
        const lane = `${this.#tenant}\0${this.#namespace.join("\0")}\0${part}`;
        return await this.#runtime.lanes.run(lane, () =>
          this.#add(part, kept, input, { ...operated, ...signalOf(call) }),
        );
      },
      {
        name: "record-outcome",
        attempts,
        delayMs,
        random: this.#runtime.random,
        ...signalOf(call),
        when: (error) => isConflict(error, "version"),
        exhausted: alwaysChanged,
      },
    );
    // The count stays: it names nobody.
    await origin?.guard?.settle(documents, async () => {
      const { address, expectedVersion } = written;
      await documents.delete(address, { expectedVersion });
    });
  }

  /** Adds the outcome to a part, and says where it is kept. @throws `conflict` when another process was faster. */
  async #add(
    part: number,
    kept: Omit<Feedback, "session">,
    input: DocumentInput,
    options: DocumentWriteOptions,
  ): Promise<{ readonly address: DocumentAddress; readonly expectedVersion: number }> {
    const { documents } = this.#runtime.durable;
    const tallyAddress = this.#tally(part);
    const found = await documents.get(tallyAddress, signalOf(options));
    const tally = found === undefined ? emptyTally() : readTally(found.value);
    const address = this.#feedback(part, tally.added % maxFeedback);
    addOutcome(tally, kept);
    const [, stored] = await documents.putMany(
      [
        { address: tallyAddress, value: writeTally(tally), expectedVersion: found?.version ?? 0 },
        { address, ...input },
      ],
      options,
    );
    return { address, expectedVersion: stored?.version ?? 0 };
  }

  /** All outcomes, as of one moment. */
  async tally(options: CallOptions): Promise<Tally> {
    const addresses = Array.from({ length: parts }, (_, part) => this.#tally(part));
    const found = await this.#runtime.durable.documents.getMany(addresses, signalOf(options));
    const tally = emptyTally();
    for (const document of found) if (document !== undefined) mergeTally(tally, readTally(document.value));
    return tally;
  }

  /** The newest outcomes, newest first. Each part keeps as many as anybody may ask for. */
  async newest(limit: number, options: CallOptions): Promise<readonly Feedback[]> {
    if (limit === 0) return [];
    const { items } = await this.#runtime.durable.documents.find(
      { tenant: this.#tenant },
      { namespace: [...this.#namespace, "feedback"], limit: maxPageSize, ...signalOf(options) },
    );
    // Those of one millisecond in the order in which they were written, as far as versions tell.
    return items
      .map((document) => ({ feedback: feedbackOf(document), version: document.version }))
      .sort((left, right) => right.feedback.at - left.feedback.at || right.version - left.version)
      .slice(0, limit)
      .map(({ feedback }) => feedback);
  }

  async clear({ signal }: CallOptions): Promise<void> {
    const filter = { namespacePrefix: this.#namespace };
    await eraseDocuments(this.#runtime.durable, this.#tenant, { filter, dryRun: false, signal });
  }

  #tally(part: number): DocumentAddress {
    return { tenant: this.#tenant, namespace: [...this.#namespace, "tallies"], key: `${part}` };
  }

  #feedback(part: number, slot: number): DocumentAddress {
    return { tenant: this.#tenant, namespace: [...this.#namespace, "feedback"], key: `${part}-${slot}` };
  }
}

function feedbackOf(document: Document): Feedback {
  const { session } = notesOf(document);
  return { ...(document.value as unknown as Feedback), ...(session === undefined ? {} : { session }) };
}

function alwaysChanged(cause: unknown): MemoryError {
  const message = `The outcome was not recorded: others recorded theirs during all ${attempts} tries.`;
  const details = { ...(MemoryError.isInstance(cause) ? cause.details : {}), attempts };
  return new MemoryError("conflict", message, { retryable: true, details, cause });
}
