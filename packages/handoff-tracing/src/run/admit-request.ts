import { defaultLimits, type HandoffMode, type HandoffPriority } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitId,
  admitJson,
  admitNamespace,
  admitOptionalId,
  admitOptionalInteger,
  admitViewForm,
  type FieldTable,
  fieldTable,
  refuse,
} from "@relevo/core/input";
import type { ContextPolicy, HandoffFacts } from "../context/context-policy.ts";
import { custom, full } from "../context/policies.ts";
import type { HandoffRequest, SessionRequest } from "../handoff-types.ts";
import { admitSchema, type StandardSchema, withinEvent } from "./standard-schema.ts";

const requestFields: FieldTable = fieldTable<SessionRequest>({
  session: "selects",
  from: "selects",
  to: "selects",
  reason: "selects",
  priority: "refines",
  mode: "refines",
  data: "refines",
  schema: "refines",
  timeoutMs: "refines",
  policy: "refines",
  for: "refines",
  cause: "refines",
  documents: "refines",
  parent: "selects",
  callId: "selects",
  callResult: "refines",
  outcome: "refines",
});
const priorities: readonly HandoffPriority[] = ["low", "normal", "high", "urgent"];
const modes: readonly HandoffMode[] = ["transfer", "delegate"];

/** A checked request. */
export interface AdmittedRequest extends HandoffFacts {
  readonly policy: ContextPolicy;
  readonly schema: StandardSchema | undefined;
  readonly timeoutMs: number | undefined;
  readonly documents: readonly (readonly string[])[];
  readonly callId: string | undefined;
  readonly callResult: HandoffRequest["callResult"];
}

/** Checks a request before anything is read or written. @throws `invalid-input` naming the field; `too-large`. */
export function admitRequest<Result, Data>(given: SessionRequest<Result, Data>): AdmittedRequest {
  const request = admitFields(given, "request", requestFields);
  if (request.outcome !== undefined && typeof request.outcome !== "function") {
    throw refuse("outcome", "must be a function that maps the result.");
  }
  const { data, callResult } = request;
  if (callResult !== undefined && typeof callResult !== "string" && typeof callResult !== "function") {
    throw refuse("callResult", "must be a text, or a function that makes one of the end.");
  }
  return {
    ...admitFacts(request),
    for: admitViewForm({ for: request.for }).for,
    ...(data === undefined ? {} : { data: admitJson(data, "data", withinEvent).value }),
    policy: admitPolicy(request.policy),
    schema: admitSchema(request.schema),
    timeoutMs: admitOptionalInteger(request.timeoutMs, "timeoutMs", 1),
    callId: admitOptionalId(request.callId, "callId", defaultLimits),
    callResult,
    documents: admitDocuments(request.documents),
  };
}

/** Checks the fields that `run` and the recorder have in common. */
export function admitFacts(request: {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority?: HandoffPriority | undefined;
  readonly mode?: HandoffMode | undefined;
}): HandoffFacts {
  if (typeof request.reason !== "string") throw refuse("reason", "must be a string.");
  return {
    from: admitId(request.from, "from", defaultLimits),
    to: admitId(request.to, "to", defaultLimits),
    reason: admitJson(request.reason, "reason", defaultLimits).value as string,
    priority: admitChoice(request.priority, "priority", priorities, "normal"),
    mode: admitChoice(request.mode, "mode", modes, "transfer"),
  };
}

export function admitDocuments(documents: HandoffRequest["documents"] = []): readonly (readonly string[])[] {
  if (!Array.isArray(documents)) throw refuse("documents", "must be an array of keys.");
  return Object.freeze(documents.map((key, index) => admitKey(key, `documents[${index}]`)));
}

/** A namespace and a key in it, at least one element each. */
function admitKey(key: readonly string[], field: string): readonly string[] {
  const elements = admitNamespace(key, field, {
    ...defaultLimits,
    namespaceElements: defaultLimits.namespaceElements + 1,
  });
  if (elements.length < 2) throw refuse(field, "must be a namespace and a key: at least two elements.");
  return elements;
}

export function admitPolicy(policy: HandoffRequest["policy"]): ContextPolicy {
  if (policy === undefined) return full();
  if (typeof policy === "function") return custom(policy);
  if (typeof policy?.choose !== "function") throw refuse("policy", "must be a policy or a function.");
  return policy;
}
