import {
  admitFields,
  admitId,
  admitNamespace,
  type FieldTable,
  fieldTable,
  refuse,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import type { EraseSelector } from "./erase-report.ts";

const selectorFields: FieldTable = fieldTable<EraseSelector>({
  user: "selects",
  session: "selects",
  workspace: "selects",
  namespace: "selects",
});

/**
 * A copy, once it names exactly one thing.
 *
 * @throws `invalid-input` for what would select everything, or the documents by which this package works.
 */
export function admitSelector(runtime: Runtime, given: EraseSelector): EraseSelector {
  const selector: Partial<Record<"user" | "session" | "workspace" | "namespace", unknown>> = admitFields(
    given,
    "selector",
    selectorFields,
  );
  if (Object.keys(selector).length !== 1)
    throw refuse("selector", "must name exactly one of user, session, workspace and namespace.");
  const { limits } = runtime;
  if ("user" in selector) return { user: admitId(selector.user, "selector.user", limits) };
  if ("session" in selector) return { session: admitId(selector.session, "selector.session", limits) };
  if ("workspace" in selector)
    return { workspace: admitId(selector.workspace, "selector.workspace", limits) };
  const namespace = admitNamespace(selector.namespace, "selector.namespace", limits);
  const [first] = namespace;
  if (first === undefined)
    throw refuse("selector.namespace", "must have an element: an empty one would select every document.");
  if (first === "relevo" || first.startsWith("relevo:"))
    throw refuse(
      "selector.namespace",
      "is reserved. Name the user, the session or the workspace whose data it holds.",
    );
  return { namespace };
}
