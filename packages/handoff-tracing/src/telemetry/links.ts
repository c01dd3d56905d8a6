import {
  type Context,
  context,
  createContextKey,
  type Link,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import { refuse } from "@relevo/core/input";
import { relevo } from "./attributes.ts";

/** Where a piece of work came from: a span of this or another process. */
export type WorkSource = SpanContext;

const key = createContextKey("relevo.sources");

/** The span that is active now, to name as a source of later work; `undefined` when nothing is traced. */
export function currentSource(): WorkSource | undefined {
  const active = trace.getSpan(context.active())?.spanContext();
  return active !== undefined && trace.isSpanContextValid(active) ? active : undefined;
}

/**
 * Runs work that several earlier pieces of work feed, such as a step that joins the answers of parallel agents. The next
 * span of this package inside has one link for each source. Unknown sources are left out.
 *
 * @throws `invalid-input` for what is no array; what the work throws.
 */
export function withSources<Result>(
  sources: readonly (WorkSource | undefined)[],
  work: () => Result,
): Result {
  if (!Array.isArray(sources)) throw refuse("sources", "must be an array of what currentSource() gave.");
  const links = sources.flatMap((source) => (source === undefined ? [] : [linkTo(source, "source")]));
  return context.with(context.active().setValue(key, links), work);
}

export function linkTo(source: SpanContext, kind: "source" | "outlived" | "abandoned"): Link {
  return { context: source, attributes: { [relevo.linkKind.name]: kind } };
}

/** The links that the next span gets; it runs its work `withoutLinks`, so that they are not repeated further inside. */
export function linksOf(active: Context): readonly Link[] | undefined {
  return active.getValue(key) as readonly Link[] | undefined;
}

export function withoutLinks(active: Context): Context {
  return active.deleteValue(key);
}
