import {
  type CallOptions,
  defaultLimits,
  type FactWriter,
  isConflict,
  MemoryError,
  type Recall,
  type Store,
} from "@relevo/core";
import {
  admitFields,
  admitId,
  admitInteger,
  admitOptions,
  admitTenant,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { dropRetracted } from "./drop-retracted.ts";
import { readFactsProgress } from "./facts-progress.ts";
import { readWindow } from "./read-window.ts";
import { type FactsWork, writeWindow } from "./write-window.ts";

export interface FactsOptions {
  /** Where the sessions are. The facts are among the documents of each session. Stays open. */
  readonly store: Pick<Store, "log" | "documents" | "feed">;
  readonly writer: FactWriter;
  /**
   * Finds older facts that the messages are about, so that the writer can supersede them; it has to index facts. The newest
   * facts of the same person are shown to the writer without it too.
   */
  readonly recall?: Recall | undefined;
  /** Of how many messages facts are written at a time; 20 when left out. */
  readonly messagesAtOnce?: number | undefined;
  /** How many messages before them the writer is shown; 4 when left out. */
  readonly messagesBefore?: number | undefined;
  /** Told of sessions that `update` could not write facts of, and of facts that could not be superseded. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface WriteFactsOptions extends CallOptions {
  /** Whether to write of fewer messages than are written of at a time, as at the end of a session; false when left out. */
  readonly flush?: boolean | undefined;
}

export interface WrittenFacts {
  /** How many facts this call has written. */
  readonly facts: number;
  /** Of every message up to this `seq` facts have been written. */
  readonly through: number;
}

/** Facts that a model writes of what is said. */
export interface Facts {
  /**
   * Writes facts of the messages of a session that none have been written of. Each range is written once, also by several
   * processes and after a crash: facts and progress are stored in one step. Facts of retracted messages are removed.
   *
   * @throws what the writer throws, with nothing stored of its range; `corrupt` for facts that it must not write; what the
   *   store throws.
   */
  write(tenant: string, session: string, options?: WriteFactsOptions): Promise<WrittenFacts>;
  /**
   * Writes facts of all sessions of the tenant that were written since the last call of this object, and answers how many
   * facts there were. A session that fails is told to `onError`, and tried again by the next call.
   */
  update(tenant: string, options?: WriteFactsOptions): Promise<number>;
}

const fields: FieldTable = fieldTable<FactsOptions>({
  store: "selects",
  writer: "selects",
  recall: "refines",
  messagesAtOnce: "refines",
  messagesBefore: "refines",
  onError: "refines",
});
const writeFields: FieldTable = fieldTable<WriteFactsOptions>({ ...callKinds, flush: "refines" });

/** A range is read again so often when messages of it are removed, or another process writes of it. */
const attempts = 5;

/**
 * Lets a model write short facts of what is said, beside the messages that they were taken from: the way to questions whose
 * answer stands in no single message. A fact is erased with its sources, and is not found once one of them is retracted.
 *
 * @throws `invalid-input` that names the option.
 */
export function createFacts(given: FactsOptions): Facts {
  const {
    store,
    writer,
    recall,
    onError = () => undefined,
    ...sizes
  } = admitFields(given, "options", fields);
  if (typeof store?.log?.read !== "function") throw refuse("options.store", "must be a store.");
  if (typeof writer?.write !== "function") throw refuse("options.writer", "must have a function write().");
  const name = admitId(writer.name, "options.writer.name", defaultLimits);
  const work: FactsWork = {
    store,
    writer: { name, write: (request) => writer.write(request) },
    recall,
    messagesAtOnce: admitInteger(sizes.messagesAtOnce ?? 20, "options.messagesAtOnce", 1, 200),
    messagesBefore: admitInteger(sizes.messagesBefore ?? 4, "options.messagesBefore", 0, 50),
    onError,
  };
  const cursors = new Map<string, string>();
  const failed = new Map<string, Set<string>>();

  async function write(tenant: string, session: string, options: WriteFactsOptions): Promise<WrittenFacts> {
    const address = { tenant, session };
    const call: CallOptions = { signal: options.signal };
    let facts = 0;
    let seen = -1;
    for (let attempt = 1; ; ) {
      try {
        const head = await store.log.head(address, call);
        if (head === undefined) return { facts, through: 0 };
        const { through, removalRevision, version } = await readFactsProgress(
          store,
          address,
          name,
          head,
          call,
        );
        // As long as somebody gets on, nobody gives up.
        if (version !== seen) attempt = 1;
        seen = version;
        if (removalRevision !== head.removalRevision) await dropRetracted(work, address, head, call);
        const window = await readWindow(work, address, head, through, call);
        const isEnough = window.messages.length === work.messagesAtOnce || options.flush === true;
        if (!isEnough || window.messages.length === 0) return { facts, through };
        facts += await writeWindow(work, address, head, window, call);
      } catch (error) {
        // Something of the range was removed, or another process has written of it: read again.
        const isOvertaken = (["removal", "version", "operation"] as const).some((kind) =>
          isConflict(error, kind),
        );
        if (!isOvertaken || ++attempt > attempts) throw error;
      }
    }
  }

  return {
    write: (tenant, session, options) =>
      write(
        admitTenant(tenant, defaultLimits),
        admitId(session, "session", defaultLimits),
        admitWrite(options),
      ),
    async update(tenantGiven, given) {
      const tenant = admitTenant(tenantGiven, defaultLimits);
      const options = admitWrite(given);
      const { feed } = store;
      if (feed === undefined)
        throw new MemoryError("unsupported", "The store has no change feed. Use write(tenant, session).");
      const again = failed.get(tenant) ?? new Set<string>();
      failed.set(tenant, again);
      let facts = 0;
      const writeOf = async (session: string): Promise<void> => {
        again.delete(session);
        try {
          facts += (await write(tenant, session, options)).facts;
        } catch (error) {
          again.add(session);
          throwIfAborted(options.signal);
          onError(error);
        }
      };
      for (const session of [...again]) await writeOf(session);
      for (let more = true; more; ) {
        const cursor = cursors.get(tenant);
        const page = await feed
          .changes(tenant, { ...(cursor === undefined ? {} : { cursor }), signal: options.signal })
          .catch((error: unknown) => {
            if (cursor === undefined || !MemoryError.isInstance(error, "history-lost")) throw error;
            return undefined;
          });
        if (page === undefined) {
          cursors.delete(tenant);
          continue;
        }
        for (const unit of page.units) if (unit.kind === "session") await writeOf(unit.session);
        cursors.set(tenant, page.cursor);
        more = page.more;
      }
      return facts;
    },
  };
}

function admitWrite(given: WriteFactsOptions | undefined): WriteFactsOptions {
  const options = admitOptions(given, writeFields);
  throwIfAborted(options.signal);
  if (options.flush !== undefined && typeof options.flush !== "boolean")
    throw refuse("options.flush", "must be true or false.");
  return options;
}
