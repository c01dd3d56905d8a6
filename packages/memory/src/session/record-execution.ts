import type { EventInput, ExecutionRecord } from "@relevo/core";
import { admitChoice, admitFields, readInput, requireObject } from "@relevo/core/input";
import { executionFields } from "../options.ts";
import type { Runtime } from "../runtime.ts";
import type { ExecutionInput } from "./session-options.ts";

const statuses = ["running", "completed", "failed", "cancelled"] as const;

/** The event of an execution record. A retry under the same operation id makes the same execution id. */
export function executionEvent(
  runtime: Runtime,
  execution: ExecutionInput,
  operationId: string | undefined,
): { readonly id: string; readonly event: EventInput } {
  const {
    agent,
    executionId,
    error,
    status = "completed",
    derivedFrom,
    ...rest
  } = admitFields(execution, "execution", executionFields);
  const failure = error === undefined ? undefined : failureOf(error);
  admitChoice(status, "status", statuses, "completed");
  // A retry under the same operation id can know no other.
  const id = executionId ?? operationId ?? runtime.ids.next();
  // Undefined fields are absent in the log, as in JSON.
  const body = {
    executionId: id,
    status,
    ...rest,
    ...(failure === undefined ? {} : { error: failure }),
  } as ExecutionRecord;
  return {
    id,
    event: {
      type: "execution",
      body,
      ...(agent === undefined ? {} : { agent }),
      ...(derivedFrom === undefined ? {} : { derivedFrom }),
    },
  };
}

/** Name and message of an error, whose getters may throw. */
function failureOf(error: NonNullable<ExecutionInput["error"]>): NonNullable<ExecutionRecord["error"]> {
  requireObject(error, "execution.error");
  return readInput("execution.error", () => ({ name: String(error.name), message: String(error.message) }));
}
