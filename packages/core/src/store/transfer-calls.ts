import type { SessionAddress } from "../address.ts";
import { admitOptions } from "../input/fields.ts";
import { admitSessionAddress } from "../input/ids.ts";
import { admitLimit, admitOptionalInteger, throwIfAborted } from "../input/numbers.ts";
import type { Limits } from "../limits.ts";
import type { SealOptions } from "../ports/event-log.ts";
import type { ExportOptions, ImportOptions, TransferBatch } from "../ports/event-transfer.ts";
import {
  type AdmittedSessionCall,
  type AdmittedSessionGuards,
  type AdmittedWrite,
  sessionGuardsOf,
} from "./log-calls.ts";
import { exportFields, importFields, sealFields } from "./log-fields.ts";
import { type AdmittedTransferBatch, admitTransferBatch } from "./transfer-batch.ts";

export interface AdmittedSeal extends AdmittedSessionGuards, AdmittedWrite {
  /** Whether the session is to be sealed, or unsealed. */
  readonly sealed: boolean;
}

export function admitSeal(
  address: SessionAddress,
  given: SealOptions | undefined,
  limits: Limits,
  write: Pick<AdmittedSeal, "sealed" | "token">,
): AdmittedSeal {
  return { ...sessionGuardsOf(address, admitOptions(given, sealFields), limits), ...write };
}

export interface AdmittedExport extends AdmittedSessionCall {
  readonly after: number;
  /** The most events. */
  readonly limit: number;
}

export function admitExport(
  address: SessionAddress,
  given: ExportOptions | undefined,
  limits: Limits,
): AdmittedExport {
  const options = admitOptions(given, exportFields);
  throwIfAborted(options.signal);
  return {
    address: admitSessionAddress(address, limits),
    signal: options.signal,
    after: admitOptionalInteger(options.after, "after", 0) ?? 0,
    limit: admitLimit(options.limit),
  };
}

export interface AdmittedImport extends AdmittedSessionCall, AdmittedWrite {
  readonly batch: AdmittedTransferBatch;
  readonly fence: number | undefined;
}

export function admitImport(
  address: SessionAddress,
  batch: TransferBatch,
  given: ImportOptions | undefined,
  limits: Limits,
  token: string,
): AdmittedImport {
  const options = admitOptions(given, importFields);
  throwIfAborted(options.signal);
  return {
    address: admitSessionAddress(address, limits),
    batch: admitTransferBatch(batch, limits),
    fence: admitOptionalInteger(options.fence, "fence", 0),
    signal: options.signal,
    token,
  };
}
