import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Attributes, context, trace } from "@opentelemetry/api";
import {
  admitOptions,
  type FieldTable,
  fieldTable,
  type RetryNotice,
  retryChannel,
} from "@relevo/core/input";
import { relevo } from "./attributes.ts";
import { errorType, retryEvent } from "./conventions.ts";
import { guarded } from "./observe.ts";
import { Telemetry, telemetryKinds } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

export type TraceRetriesOptions = Pick<TelemetryOptions, "meterProvider">;

const fields: FieldTable = fieldTable<TraceRetriesOptions>({ meterProvider: telemetryKinds.meterProvider });

/** Names are fixed words of code; one that is none would make a series of its own. */
const nameForm = /^[a-z][a-z-]{0,31}$/u;

/**
 * Counts the further tries of stores, of updates and of handoffs in this process as `relevo.retries`, and adds each as an
 * event to the span that is active: a call that succeeds at the third try looks slow otherwise, and nothing more. Call
 * it once; disposing the result ends it.
 *
 * @throws `invalid-input` that names the option.
 */
export function traceRetries(given: TraceRetriesOptions = {}): Disposable {
  const telemetry = new Telemetry(admitOptions(given, fields));
  const note = (message: unknown): void =>
    guarded(() => {
      const { name, attempt, code } = message as RetryNotice;
      const attributes: Attributes = { [relevo.retryName.name]: nameForm.test(name) ? name : "_OTHER" };
      if (code !== undefined) attributes[errorType] = code;
      telemetry.instruments?.retries.add(1, attributes);
      const span = trace.getSpan(context.active());
      span?.addEvent(retryEvent, { ...attributes, [relevo.retryAttempt.name]: attempt });
    });
  subscribe(retryChannel, note);
  return { [Symbol.dispose]: () => void unsubscribe(retryChannel, note) };
}
