import type { StoredEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import { MemoryError } from "../memory-error.ts";
import type { AppendResult, EraseResult, EventLog, ReadResult, TrimResult } from "../ports/event-log.ts";
import type { EventTransfer } from "../ports/event-transfer.ts";
import { refusalError } from "./answer.ts";
import type { Derivation } from "./derivation.ts";
import type { LogDriver, ScanDriver, TransferDriver } from "./driver.ts";
import { admitListSessions, admitScan, listCursorKinds } from "./list-calls.ts";
import {
  type AdmittedAppend,
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitHead,
  admitOperationCall,
  admitRead,
  admitTouch,
  admitTrim,
} from "./log-calls.ts";
import { accept, acceptLater, pageOf, settle } from "./settle.ts";
import { admitExport, admitImport, admitSeal } from "./transfer-calls.ts";

const nothingRead: ReadResult = Object.freeze({
  version: 0,
  revision: 0,
  removalRevision: 0,
  events: Object.freeze([]),
});
const nothingTrimmed: TrimResult = Object.freeze({
  removed: 0,
  firstSeq: 1,
  more: false,
  removalRevision: 0,
});
const nothingErased: EraseResult = Object.freeze({
  erased: Object.freeze([]),
  revision: 0,
  removalRevision: 0,
});

const noEvents: readonly StoredEvent[] = Object.freeze([]);

/** What a read answers: nothing but the state when the caller has read this state already. */
function readResult(result: ReadResult | undefined, unlessToken: string | undefined): ReadResult {
  if (result === undefined) return nothingRead;
  if (unlessToken === undefined || result.token !== unlessToken) return result;
  const { next: _next, below: _below, ...state } = result;
  return { ...state, events: noEvents, unchanged: true };
}

/** The result with the events as they are stored, which only a call that wrote them knows. */
function withEvents(result: AppendResult, { events }: AdmittedAppend): AppendResult {
  const { firstSeq, recordedAt, replayed } = result;
  if (replayed || recordedAt === undefined) return result;
  const stored = events.map(
    ({ event }, index) => Object.freeze({ ...event, seq: firstSeq + index, recordedAt }) as StoredEvent,
  );
  return { ...result, events: Object.freeze(stored) };
}

/** The log port over a driver. */
export function createLogPort(
  driver: LogDriver,
  limits: Limits,
  requireOpen: () => void,
  nextToken: () => string,
  derivation: Derivation,
): Omit<EventLog, "scan"> {
  return {
    async append(address, events, options) {
      requireOpen();
      const request = admitAppend(address, events, options, limits, nextToken());
      const answer = driver.append(request);
      if (request.withEvents) return withEvents(await settle<AppendResult>(answer, request), request);
      if (answer instanceof Promise) return acceptLater(answer, request);
      if (answer.refused !== undefined) throw refusalError(answer, request);
      return answer.ok ?? settle<AppendResult>(answer, request);
    },

    async operation(address, id, options) {
      requireOpen();
      return settle(driver.operation(admitOperationCall(address, id, options, limits)));
    },

    async read(address, options) {
      requireOpen();
      const request = admitRead(address, options, limits);
      const { unlessToken } = request;
      const answer = driver.read(request);
      if (answer instanceof Promise)
        return acceptLater(answer).then((result) => readResult(result, unlessToken));
      if (answer.refused !== undefined) throw refusalError(answer);
      if (answer.ok !== undefined) return readResult(answer.ok, unlessToken);
      if ("ok" in answer) return nothingRead;
      return readResult(await acceptLater<ReadResult | undefined>(answer), unlessToken);
    },

    async head(address, options) {
      requireOpen();
      return settle(driver.head(admitHead(address, options, limits)));
    },

    async touch(address, options) {
      requireOpen();
      return settle(driver.touch(admitTouch(address, options, limits, nextToken())));
    },

    async trim(address, options) {
      requireOpen();
      const answer = driver.trim(admitTrim(address, options, limits, nextToken()));
      return (await settle(answer)) ?? nothingTrimmed;
    },

    async erase(address, options) {
      requireOpen();
      const request = admitErase(address, options, limits, nextToken());
      const result = await settle(driver.erase(request));
      return result === undefined ? nothingErased : derivation.followErase(request, result);
    },

    async delete(address, options) {
      requireOpen();
      const answer = await driver.delete(admitDeleteSession(address, options, limits));
      // Another incarnation is not the one that was to go.
      return answer.refused !== "ended" && accept(answer);
    },

    async list(tenant, options) {
      requireOpen();
      const request = admitListSessions(tenant, options, limits);
      const page = await settle(driver.list(request));
      return pageOf(listCursorKinds[request.order], page, ({ session, updatedAt }) =>
        request.order === "id" ? [session] : [updatedAt, session],
      );
    },
  };
}

/** The scan port over a driver. */
export function createScanPort(
  driver: ScanDriver,
  limits: Limits,
  requireOpen: () => void,
): Pick<EventLog, "scan"> {
  return {
    async scan(tenant, options) {
      requireOpen();
      const page = await settle(driver.scan(admitScan(tenant, options, limits)));
      return pageOf("scan", page, ({ recordedAt, session, seq }) => [recordedAt, session, seq]);
    },
  };
}

/** The transfer port over a driver. */
export function createTransferPort(
  driver: TransferDriver,
  limits: Limits,
  requireOpen: () => void,
  nextToken: () => string,
): EventTransfer {
  return {
    async seal(address, options) {
      requireOpen();
      const answer = driver.seal(admitSeal(address, options, limits, { sealed: true, token: nextToken() }));
      return present(await settle(answer));
    },

    async unseal(address, options) {
      requireOpen();
      const answer = driver.seal(admitSeal(address, options, limits, { sealed: false, token: nextToken() }));
      return present(await settle(answer));
    },

    async exportEvents(address, options) {
      requireOpen();
      return settle(driver.export(admitExport(address, options, limits)));
    },

    async importEvents(address, batch, options) {
      requireOpen();
      return settle(driver.import(admitImport(address, batch, options, limits, nextToken())));
    },
  };
}

function present<Head>(head: Head | undefined): Head {
  if (head === undefined) throw new MemoryError("not-found", "There is no such session.");
  return head;
}
