import type { JsonObject } from "@relevo/core";

/** One row of a lead file, checked. Texts are as they came: whoever shows them makes them safe for the terminal. */
export interface Lead {
  readonly id: string;
  readonly email: string;
  readonly message: string;
  readonly company?: string;
  readonly name?: string;
  readonly role?: string;
  /** As written: `120`, `50-200`, `más de 500 empleados`. The rules read the number out of it. */
  readonly companySize?: string | number;
  /** As written: `40000`, `40k EUR`, `sin presupuesto`. */
  readonly budget?: string | number;
  readonly country?: string;
  /** Every other field of the row, untouched. */
  readonly extra: JsonObject;
}

/** Where a row begins. */
export interface RowPlace {
  /** From 1, the header included. */
  readonly line: number;
  /** In a JSON array: which of its elements, from 1. */
  readonly element?: number;
}

/** For a person: `line 3`, or `line 3, element 2`. */
export function placeOf({ line, element }: RowPlace): string {
  return element === undefined ? `line ${line}` : `line ${line}, element ${element}`;
}

/** A row that is not a lead, and why. */
export interface BadRow extends RowPlace {
  readonly reason: string;
  /** The row's id, when one could be read. */
  readonly id?: string;
}

export type LeadRow =
  | ({ readonly ok: true; readonly lead: Lead } & RowPlace)
  | ({ readonly ok: false } & BadRow);
