import type { Limits } from "../limits.ts";
import { MemoryError } from "../memory-error.ts";
import type { EraseResult, EventLog, EventTransfer, ReadResult, TrimResult } from "../ports/event-log.ts";
import { refusalError } from "./answer.ts";
import type { LogDriver, ScanDriver, TransferDriver } from "./driver.ts";
import { admitListSessions, admitScan, listCursorKinds } from "./list-calls.ts";
import {
  admitAppend,
  admitDeleteSession,
  admitErase,
  admitHead,
  admitOperationCall,
  admitRead,
  admitTouch,
  admitTrim,
} from "./log-calls.ts";
import { accept, isPromise, pageOf } from "./settle.ts";
import { admitExport, admitImport, admitSeal, admitUnseal } from "./transfer-calls.ts";

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

/** The log port over a driver. */
export function createLogPort(
  driver: LogDriver,
  limits: Limits,
  requireOpen: () => void,
  nextToken: () => string,
): Omit<EventLog, "scan"> {
  return {
    async append(address, events, options) {
      requireOpen();
      const request = admitAppend(address, events, options, limits, nextToken());
      const pending = driver.append(request);
      const answer = pending instanceof Promise ? await pending : pending;
      if (answer.refused !== undefined) throw refusalError(answer, request);
      return answer.ok;
    },

    async operation(address, id, options) {
      requireOpen();
      const answer = driver.operation(admitOperationCall(address, id, options, limits));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async read(address, options) {
      requireOpen();
      const pending = driver.read(admitRead(address, options, limits));
      const answer = pending instanceof Promise ? await pending : pending;
      if (answer.refused !== undefined) throw refusalError(answer);
      return answer.ok ?? nothingRead;
    },

    async head(address, options) {
      requireOpen();
      const answer = driver.head(admitHead(address, options, limits));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async touch(address, options) {
      requireOpen();
      const answer = driver.touch(admitTouch(address, options, limits, nextToken()));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async trim(address, options) {
      requireOpen();
      const answer = driver.trim(admitTrim(address, options, limits, nextToken()));
      return accept(isPromise(answer) ? await answer : answer) ?? nothingTrimmed;
    },

    async erase(address, options) {
      requireOpen();
      const answer = driver.erase(admitErase(address, options, limits, nextToken()));
      return accept(isPromise(answer) ? await answer : answer) ?? nothingErased;
    },

    async delete(address, options) {
      requireOpen();
      const pending = driver.delete(admitDeleteSession(address, options, limits));
      const answer = isPromise(pending) ? await pending : pending;
      // Another incarnation is not the one that was to go.
      return answer.refused !== "ended" && accept(answer);
    },

    async list(tenant, options) {
      requireOpen();
      const request = admitListSessions(tenant, options, limits);
      const answer = driver.list(request);
      const page = accept(isPromise(answer) ? await answer : answer);
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
      const answer = driver.scan(admitScan(tenant, options, limits));
      const page = accept(isPromise(answer) ? await answer : answer);
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
      const answer = driver.seal(admitSeal(address, options, limits, nextToken()));
      return present(accept(isPromise(answer) ? await answer : answer));
    },

    async unseal(address, options) {
      requireOpen();
      const answer = driver.seal(admitUnseal(address, options, limits, nextToken()));
      return present(accept(isPromise(answer) ? await answer : answer));
    },

    async exportEvents(address, options) {
      requireOpen();
      const answer = driver.export(admitExport(address, options, limits));
      return accept(isPromise(answer) ? await answer : answer);
    },

    async importEvents(address, batch, options) {
      requireOpen();
      const answer = driver.import(admitImport(address, batch, options, limits, nextToken()));
      return accept(isPromise(answer) ? await answer : answer);
    },
  };
}

function present<Head>(head: Head | undefined): Head {
  if (head === undefined) throw new MemoryError("not-found", "There is no such session.");
  return head;
}
