import { defaultLimits, type FindOptions } from "@relevo/core";
import {
  admitFields,
  admitInteger,
  admitTags,
  type FieldTable,
  fieldTable,
  maxPageSize,
  refuse,
} from "@relevo/core/input";
import { contextFields } from "../options.ts";
import type { ContextOptions, ContextView } from "./context.ts";
import { admitAllowance } from "./fit-context.ts";

const tagFields: FieldTable = fieldTable<NonNullable<FindOptions["tags"]>>({
  any: "selects",
  all: "selects",
});
const viewFields: FieldTable = fieldTable<ContextView>({
  strategy: "refines",
  for: "refines",
  prefill: "refines",
  fence: "selects",
  record: "refines",
  partial: "refines",
});

/**
 * A copy of the options of `tenant.context()`, checked: for code that keeps them for later and refuses wrong ones at once. Which
 * session or agent is meant may be open.
 *
 * @param name How the caller calls the options.
 * @throws `invalid-input` that names the option.
 */
export function admitContextOptions(given: ContextOptions, name: string = "options"): ContextOptions {
  const options = admitFields(given, name, contextFields);
  const { tags, view, entries, activity, performance, task, recalled, recalledTokens } = options;
  if (tags !== undefined) {
    const { any, all } = admitFields(tags, `${name}.tags`, tagFields);
    admitTags(any, `${name}.tags.any`, defaultLimits);
    admitTags(all, `${name}.tags.all`, defaultLimits);
  }
  if (view !== undefined && view !== false) admitFields(view, `${name}.view`, viewFields);
  if (entries !== undefined) admitInteger(entries, `${name}.entries`, 1, maxPageSize);
  if (activity !== undefined) admitInteger(activity, `${name}.activity`, 0);
  if (performance !== undefined && typeof performance !== "boolean")
    throw refuse(`${name}.performance`, "must be true or false.");
  if (task !== undefined && typeof task !== "string") throw refuse(`${name}.task`, "must be a string.");
  if (recalled !== undefined) admitInteger(recalled, `${name}.recalled`, 1, maxPageSize);
  if (recalledTokens !== undefined) admitInteger(recalledTokens, `${name}.recalledTokens`, 1);
  admitAllowance(options.maxTokens, options.shares, name);
  if (performance === true && options.agent === undefined)
    throw refuse(`${name}.performance`, "is of an agent: name one.");
  return options;
}
