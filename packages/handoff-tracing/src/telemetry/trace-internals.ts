import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Attributes, context, trace } from "@opentelemetry/api";
import {
  admitOptions,
  type CacheNotice,
  cacheChannel,
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

export type TraceInternalsOptions = Pick<TelemetryOptions, "meterProvider">;

const fields: FieldTable = fieldTable<TraceInternalsOptions>({ meterProvider: telemetryKinds.meterProvider });

/** Names are fixed words of code; one that is none would make a series of its own. */
const nameForm = /^[a-z][a-z-]{0,31}$/u;

/**
 * Measures what no call shows from outside, in the whole process: what stores, updates and handoffs try again
 * (`relevo.retries`, and an event on the active span: a call that succeeds at the third try only looks slow otherwise),
 * and reads that the cache of sessions answers without the store (`relevo.cache.reads`). Call it once; disposing the
 * result ends it.
 *
 * @throws `invalid-input` that names the option.
 */
export function traceInternals(given: TraceInternalsOptions = {}): Disposable {
  const telemetry = new Telemetry(admitOptions(given, fields));
  const onRetry = (message: unknown): void =>
    guarded(() => {
      const { name, attempt, code } = message as RetryNotice;
      const attributes: Attributes = { [relevo.retryName.name]: nameForm.test(name) ? name : "_OTHER" };
      if (code !== undefined) attributes[errorType] = code;
      telemetry.instruments?.retries.add(1, attributes);
      const span = trace.getSpan(context.active());
      span?.addEvent(retryEvent, { ...attributes, [relevo.retryAttempt.name]: attempt });
    });
  const onCacheRead = (message: unknown): void =>
    guarded(() => {
      const { hit } = message as CacheNotice;
      telemetry.instruments?.cacheReads.add(1, { [relevo.unchanged.name]: hit === true });
    });
  subscribe(retryChannel, onRetry);
  subscribe(cacheChannel, onCacheRead);
  return {
    [Symbol.dispose]() {
      unsubscribe(retryChannel, onRetry);
      unsubscribe(cacheChannel, onCacheRead);
    },
  };
}
