import type { Operation } from "../../../ports/event-log.ts";
import type { Answer } from "../../answer.ts";
import type { DocumentOperationRecord } from "../../document-operation.ts";
import type { AdmittedGuard } from "../../log-calls.ts";
import type { DriverContext } from "../context.ts";
import { type ChangeMark, markChange } from "../feed/change-mark.ts";
import { type DocumentKeys, documentKeys, dueKey, tenantKeys } from "../layout.ts";
import { type Transaction, transact } from "../space/transaction.ts";
import { refreshed, requireFloor, type SessionState, saveLive, vacantSlot } from "../unit/session-slot.ts";
import {
  fenceKeys,
  newLife,
  refuseFence,
  refuseGuard,
  refuseIncarnation,
  type SessionWrite,
  writeSession,
} from "../unit/write-session.ts";
import {
  knownInSession,
  type OwnerDocumentOperation,
  rememberInSession,
  rememberOfOwner,
} from "./document-operations.ts";
import type { DocumentPlace } from "./stored-document.ts";

/** The unit record of documents that stand alone and have the same owner. */
export interface OwnerState {
  /** The last version given to one of them. */
  readonly documentVersion: number;
  /** How many there are, expired ones included. */
  readonly documents: number;
  /** Where the owner stands in the feed. */
  readonly changed?: ChangeMark | undefined;
}

/** The documents that one write may change together: of one session, or of one owner. */
export interface DocumentUnit {
  readonly transaction: Transaction<never>;
  readonly place: DocumentPlace;
  readonly keys: DocumentKeys;
  /** The session that they belong to. */
  readonly live: SessionState | undefined;
  /** The last version given in the unit. */
  readonly version: number;
  /** To be called before `save`: what is remembered of the operation, when the call has one. */
  remember(record: DocumentOperationRecord): void;
  /** To be called once when something is written: with the last version given, and how many documents it adds. */
  save(version: number, added: number): void;
}

/** How long an owner without documents is remembered by itself, and stands in the feed. In milliseconds; 7 days. */
export const ownerMemoryMs: number = 7 * 24 * 3600 * 1000;

export interface DocumentScopeRequest extends AdmittedGuard {
  readonly scope: { readonly tenant: string; readonly session?: string };
  readonly namespace: readonly string[];
  readonly operation?: Operation | undefined;
}

export interface DocumentWriteOptions<Result> {
  /** Whether a session that is not there is made. */
  readonly creates?: boolean;
  /** Whether the seal of the session keeps the write out no more than an erasure. */
  readonly sealedToo?: boolean;
  /** The answer to an operation that is known. */
  readonly replay?: (known: DocumentOperationRecord) => Answer<Result>;
}

/**
 * Runs a write to the documents of one unit, as `transact` does, unless its operation is known. A session that is not
 * there is made where the options say so; otherwise its documents are not there either, and `run` is given `undefined`.
 */
export function writeDocuments<Result>(
  context: DriverContext,
  request: DocumentScopeRequest,
  options: DocumentWriteOptions<Result>,
  run: (unit: DocumentUnit | undefined) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  const { session } = request.scope;
  return session === undefined
    ? writeOwned(context, request, options, run)
    : writeInSession(context, request, session, options, run);
}

function writeOwned<Result>(
  context: DriverContext,
  { scope: { tenant }, namespace, signal, operation }: DocumentScopeRequest,
  { replay }: DocumentWriteOptions<Result>,
  run: (unit: DocumentUnit) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  // As `unitOf` has it.
  const owner = namespace.slice(0, 2);
  const unit = { tenant, key: tenantKeys.owner(tenant, owner) };
  const write = async (owned: Transaction<OwnerState>): Promise<Answer<Result>> => {
    const transaction = owned as unknown as Transaction<never>;
    const [feed, known] = owned.first.records;
    if (known !== undefined && replay !== undefined)
      return replay((known.value as unknown as OwnerDocumentOperation).record);
    const before: OwnerState = owned.state ?? {
      documentVersion: (await requireFloor(owned, tenant)).document,
      documents: 0,
    };
    return await run({
      transaction,
      place: { tenant },
      keys: documentKeys(tenant, undefined),
      live: undefined,
      version: before.documentVersion,
      remember(record) {
        if (operation !== undefined) rememberOfOwner(transaction, owner, operation, record);
      },
      save(documentVersion, added) {
        const documents = before.documents + added;
        if (documents === 0) {
          const due = dueKey(owned.now + ownerMemoryMs, "owner", tenant, ...owner);
          owned.put(due, { kind: "owner", tenant, owner: [...owner] });
        }
        const changed = markChange(owned, feed, ["owner", ...owner], before.changed);
        owned.save({ documentVersion, documents, changed });
      },
    });
  };
  const keys = [tenantKeys.feed(tenant)];
  if (operation !== undefined) keys.push(tenantKeys.ownerOperation(tenant, owner, operation.id));
  return transact<OwnerState, Answer<Result>>(context, unit, { signal }, write, keys);
}

function writeInSession<Result>(
  context: DriverContext,
  request: DocumentScopeRequest,
  session: string,
  { creates = false, sealedToo = false, replay }: DocumentWriteOptions<Result>,
  run: (unit: DocumentUnit | undefined) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  const { operation, fence, signal } = request;
  const { tenant } = request.scope;
  const address = { tenant, session };
  const keys = fenceKeys(address, fence);
  if (operation !== undefined) keys.push(tenantKeys.documentOperation(tenant, session, operation.id));
  const write = async (found: SessionWrite): Promise<Answer<Result>> => {
    const { live, records } = found;
    const gone = refuseIncarnation(live, request.incarnation);
    if (gone !== undefined) return gone;
    const known = operation && knownInSession(records.at(-1), live?.generation);
    if (known === "ended") return { refused: "ended" };
    if (known !== undefined && replay !== undefined) return replay(known);
    const lease = fence === undefined ? undefined : records[0];
    const refused = sealedToo ? refuseFence(found, fence, lease) : refuseGuard(found, fence, lease);
    if (refused !== undefined) return refused;
    if (live === undefined && !creates) return await run(undefined);
    const transaction = found.transaction as unknown as Transaction<never>;
    const { now, state: present } = found.transaction;
    const state = live ?? refreshed(newLife(context, now, request), now);
    const slot =
      live === undefined || present === undefined ? await vacantSlot(found.transaction, address) : present;
    const { generation } = state;
    return await run({
      transaction,
      place: { tenant, session, generation },
      keys: documentKeys(tenant, generation),
      live: state,
      version: slot.documentVersion,
      remember(record) {
        if (operation !== undefined) rememberInSession(transaction, session, generation, operation, record);
      },
      save(documentVersion) {
        if (live === undefined) saveLive(found.transaction, address, { ...slot, documentVersion }, state);
        else found.transaction.save({ ...slot, documentVersion });
      },
    });
  };
  return writeSession(context, address, { signal }, write, keys);
}
