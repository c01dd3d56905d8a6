import type { JsonValue, MemoryErrorCode, Outcome } from "@relevo/core";

/** What the parent asks of the child. `arguments` hold no signal: `abort` stands for it. */
export type Request =
  | {
      readonly kind: "open";
      readonly id: number;
      readonly handle: number;
      readonly options: JsonValue | undefined;
    }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly handle: number;
      /** `log.append`, or a method of a lease that was granted before. */
      readonly path: string;
      readonly lease?: number;
      readonly arguments: readonly unknown[];
      /** Whether a signal came along, and whether it had fired already. */
      readonly signal?: "quiet" | "fired";
    }
  | { readonly kind: "abort"; readonly id: number };

/** A lease without its methods; they are called by its number. */
export interface RemoteLease {
  readonly remoteLease: number;
  readonly fence: number;
  readonly expiresAt: number;
}

export interface RemoteError {
  readonly code?: MemoryErrorCode;
  readonly message: string;
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
  readonly details?: { readonly [name: string]: JsonValue };
}

export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: RemoteError };
