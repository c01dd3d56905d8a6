import type { CallOptions } from "../../../ports/common.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedGuard } from "../../log-calls.ts";
import type { DriverContext } from "../context.ts";
import { type DocumentKeys, documentKeys, dueKey, tenantKeys } from "../layout.ts";
import { type Transaction, transact } from "../space/transaction.ts";
import { refreshed, requireFloor, type SessionState, saveLive, vacantSlot } from "../unit/session-slot.ts";
import { newLife, refuseGuard, refuseIncarnation, writeSession } from "../unit/write-session.ts";
import type { DocumentPlace } from "./stored-document.ts";

/** The unit record of documents that stand alone and have the same owner. */
export interface OwnerState {
  /** The last version given to one of them. */
  readonly documentVersion: number;
  /** How many there are, expired ones included. */
  readonly documents: number;
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
  /** To be called once when something is written: with the last version given, and how many documents it adds. */
  save(version: number, added: number): void;
}

/** How long an owner without documents is remembered by itself, in milliseconds. */
export const ownerMemoryMs: number = 3600 * 1000;

/** Documents whose namespaces share these elements are of one owner. */
export function ownerOf(namespace: readonly string[]): readonly string[] {
  return namespace.slice(0, 2);
}

export interface DocumentScopeRequest extends AdmittedGuard {
  readonly scope: { readonly tenant: string; readonly session?: string };
  readonly namespace: readonly string[];
  /** Removes what nobody sees any more, also from a session that is sealed. */
  readonly isUpkeep?: boolean;
}

/**
 * Runs a write to the documents of one unit, as `transact` does. A session that is not there is made when `creates` says
 * so; otherwise its documents are not there either, and `run` is given `undefined`.
 */
export function writeDocuments<Result>(
  context: DriverContext,
  request: DocumentScopeRequest,
  creates: boolean,
  run: (unit: DocumentUnit | undefined) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  const { session } = request.scope;
  return session === undefined
    ? writeOwned(context, request, run)
    : writeInSession(context, request, session, creates, run);
}

function writeOwned<Result>(
  context: DriverContext,
  { scope: { tenant }, namespace, signal }: DocumentScopeRequest,
  run: (unit: DocumentUnit) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  const owner = ownerOf(namespace);
  const unit = { tenant, key: tenantKeys.owner(tenant, owner) };
  return transact<OwnerState, Answer<Result>>(context, unit, { signal }, async (transaction) => {
    const before = transaction.state ?? {
      documentVersion: (await requireFloor(transaction, tenant)).document,
      documents: 0,
    };
    return await run({
      transaction: transaction as unknown as Transaction<never>,
      place: { tenant },
      keys: documentKeys(tenant, undefined),
      live: undefined,
      version: before.documentVersion,
      save(documentVersion, added) {
        const documents = before.documents + added;
        if (documents === 0) {
          const due = dueKey(transaction.now + ownerMemoryMs, "owner", tenant, ...owner);
          transaction.put(due, { kind: "owner", tenant, owner: [...owner] });
        }
        transaction.save({ documentVersion, documents });
      },
    });
  });
}

function writeInSession<Result>(
  context: DriverContext,
  request: DocumentScopeRequest,
  session: string,
  creates: boolean,
  run: (unit: DocumentUnit | undefined) => Promise<Answer<Result>>,
): Promise<Answer<Result>> {
  const { tenant } = request.scope;
  const address = { tenant, session };
  const call: CallOptions = { signal: request.signal };
  const keys = request.fence === undefined ? [] : [tenantKeys.lease(tenant, session)];
  return writeSession<Answer<Result>>(
    context,
    address,
    call,
    async (write) => {
      const { transaction, live } = write;
      const refused = request.isUpkeep
        ? undefined
        : (refuseIncarnation(live, request.incarnation) ??
          refuseGuard(write, request.fence, transaction.first.records[0]));
      if (refused !== undefined) return refused;
      if (live === undefined && !creates) return await run(undefined);
      const state = live ?? refreshed(newLife(context, transaction.now, request), transaction.now);
      const slot =
        live === undefined || transaction.state === undefined
          ? await vacantSlot(transaction, address)
          : transaction.state;
      const { generation } = state;
      return await run({
        transaction: transaction as unknown as Transaction<never>,
        place: { tenant, session, generation },
        keys: documentKeys(tenant, generation),
        live: state,
        version: slot.documentVersion,
        save(documentVersion) {
          if (live === undefined) saveLive(transaction, address, { ...slot, documentVersion }, state);
          else transaction.save({ ...slot, documentVersion });
        },
      });
    },
    keys,
  );
}
