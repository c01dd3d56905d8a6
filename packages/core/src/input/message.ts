import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { MemoryError } from "../memory-error.ts";
import type { ContentPart, Role } from "../message.ts";
import { requireKnownFields, requireObject } from "./fields.ts";
import {
  foreignField,
  foreignPart,
  foreignPartField,
  foreignRole,
  foreignUntypedPart,
} from "./foreign-message.ts";
import { admitId } from "./ids.ts";
import { admitInteger, admitTime } from "./numbers.ts";
import { refuse } from "./refuse.ts";

const messageFields = new Set(["role", "content", "id", "agent", "metadata", "at", "native"]);
const roles: ReadonlySet<string> = new Set<Role>(["system", "user", "assistant", "tool"]);

/**
 * Where a message comes from. What is `appended` must be something that a view can show; an `imported` one may stand
 * in a log that was written before that was checked, and its content is not to be lost.
 */
export type MessageOrigin = "appended" | "imported";

/**
 * Checks the form of a message that `admitJson` has copied.
 *
 * @throws `invalid-input`; for the shapes of other libraries it says what they are here.
 */
export function admitMessage(
  message: JsonObject,
  field: string,
  limits: Limits,
  origin: MessageOrigin = "appended",
): void {
  for (const name in message) {
    if (messageFields.has(name) || !Object.hasOwn(message, name)) continue;
    refuseForeignFields(message, field);
    requireKnownFields(message, field, messageFields);
  }
  const role = message.role;
  if (typeof role !== "string" || !roles.has(role)) {
    const hint = typeof role === "string" ? foreignRole(role) : undefined;
    throw refuse(`${field}.role`, `must be one of ${[...roles].join(", ")}.${hint ? ` ${hint}` : ""}`);
  }
  if (message.id !== undefined) admitId(message.id, `${field}.id`, limits);
  if (message.agent !== undefined) admitId(message.agent, `${field}.agent`, limits);
  if (message.metadata !== undefined) requireObject(message.metadata, `${field}.metadata`);
  if (message.at !== undefined) admitTime(message.at, `${field}.at`);
  if (message.native !== undefined) {
    requireObject(message.native, `${field}.native`);
    const native = message.native as JsonObject;
    requireString(native, "format", `${field}.native`);
    if (native.item === undefined) throw refuse(`${field}.native.item`, "is missing.");
  }
  const content = message.content;
  if (typeof content === "string") {
    if (role === "tool" && origin === "appended") throw refuse(`${field}.content`, answersNoCall);
    return;
  }
  if (!Array.isArray(content)) {
    const hint =
      content === null
        ? " Where others write null beside tool calls, the calls are parts of content here."
        : "";
    throw refuse(`${field}.content`, `must be text or an array of parts.${hint}`);
  }
  content.forEach((part, index) => {
    admitPart(part, `${field}.content[${index}]`, limits);
    const { type } = part as { readonly type: ContentPart["type"] };
    if (origin === "appended" && !rolesOfPart[type].includes(role as Role))
      throw misplaced(type, role as Role, `${field}.content[${index}]`);
  });
  if (role === "tool" && origin === "appended" && content.length === 0)
    throw refuse(`${field}.content`, answersNoCall);
}

function refuseForeignFields(message: JsonObject, field: string): void {
  for (const name in message) {
    const hint = messageFields.has(name) ? undefined : foreignField(name);
    if (hint !== undefined && Object.hasOwn(message, name))
      throw refuse(`${field}.${name}`, `is not a field of a message here. ${hint}`);
  }
}

const answersNoCall =
  'must be an array of results when the role is "tool": text by itself answers no call, so no view could show it. ' +
  'Write [{ type: "tool-result", toolCallId, output }], with the id of the call.';

/** The roles in whose messages a view can show a part. */
const rolesOfPart: { readonly [Type in ContentPart["type"]]: readonly Role[] } = {
  text: ["system", "user", "assistant"],
  image: ["user", "assistant"],
  file: ["user", "assistant"],
  reasoning: ["assistant"],
  "tool-call": ["assistant"],
  "tool-result": ["tool", "assistant"],
  "tool-approval-request": ["assistant"],
  "tool-approval-response": ["tool"],
  native: ["user", "assistant"],
};

function misplaced(type: ContentPart["type"], role: Role, field: string): MemoryError {
  const places = rolesOfPart[type];
  const remedy =
    role === "tool" && places.includes("user")
      ? "Text, images and files that a tool returned are the output of a tool-result part."
      : `Its place is a message with the role ${places.map((place) => `"${place}"`).join(" or ")}.`;
  return refuse(
    field,
    `is a part of type ${type}, which no view could show for the role "${role}". ${remedy}`,
  );
}

function admitPart(part: JsonValue, field: string, limits: Limits): void {
  requireObject(part, field);
  const record = part as JsonObject;
  // The type is checked before it is used as a key: an object there would be asked for its own toString.
  if (typeof record.type !== "string" || !Object.hasOwn(partChecks, record.type)) {
    const hint = typeof record.type === "string" ? foreignPart(record.type) : foreignUntypedPart(record);
    const known = `must be one of ${Object.keys(partChecks).join(", ")}.`;
    throw refuse(`${field}.type`, hint === undefined ? known : `${known} ${hint}`);
  }
  partChecks[record.type as ContentPart["type"]](record, field, limits);
}

const partChecks = {
  text: (part, field) => requireString(part, "text", field),
  reasoning: (part, field) => requireString(part, "text", field),
  image: (part, field) => {
    requireOneOf(part, ["url", "data"], field);
    requireWhenPresent(part, "mediaType", "string", field);
  },
  file: (part, field) => {
    requireOneOf(part, ["url", "fileId", "data"], field);
    requireWhenPresent(part, "mediaType", "string", field);
    requireWhenPresent(part, "name", "string", field);
  },
  "tool-call": (part, field, limits) => {
    admitId(part.toolCallId, `${field}.toolCallId`, limits);
    admitId(part.toolName, `${field}.toolName`, limits);
    if (part.input === undefined)
      throw missing(part, "input", "is missing; use {} for a call without input.", field);
    requireWhenPresent(part, "providerExecuted", "boolean", field);
  },
  "tool-result": (part, field, limits) => {
    admitId(part.toolCallId, `${field}.toolCallId`, limits);
    if (part.toolName !== undefined) admitId(part.toolName, `${field}.toolName`, limits);
    if (part.output === undefined)
      throw missing(part, "output", "is missing; use null for a result without output.", field);
    requireWhenPresent(part, "isError", "boolean", field);
    requireWhenPresent(part, "providerExecuted", "boolean", field);
  },
  native: (part, field, limits) => {
    admitId(part.format, `${field}.format`, limits);
    if (part.item === undefined) throw refuse(`${field}.item`, "is missing.");
    if (part.tokens !== undefined) admitInteger(part.tokens, `${field}.tokens`, 0);
  },
  "tool-approval-request": (part, field, limits) => {
    admitId(part.approvalId, `${field}.approvalId`, limits);
    admitId(part.toolCallId, `${field}.toolCallId`, limits);
  },
  "tool-approval-response": (part, field, limits) => {
    admitId(part.approvalId, `${field}.approvalId`, limits);
    // Left out it would have to mean something, and a refusal taken for a consent runs the tool.
    if (typeof part.approved !== "boolean") throw refuse(`${field}.approved`, "must be a boolean.");
    requireWhenPresent(part, "reason", "string", field);
  },
} as const satisfies {
  [Type in ContentPart["type"]]: (part: JsonObject, field: string, limits: Limits) => void;
};

function requireWhenPresent(
  record: JsonObject,
  name: string,
  type: "string" | "boolean",
  field: string,
): void {
  if (record[name] !== undefined && typeof record[name] !== type)
    throw refuse(`${field}.${name}`, `must be a ${type}.`);
}

function requireString(record: JsonObject, name: string, field: string): void {
  if (typeof record[name] !== "string") throw refuse(`${field}.${name}`, "must be a string.");
}

/** Where the part has it under another library's name, that is what to say. */
function missing(part: JsonObject, name: string, otherwise: string, field: string): MemoryError {
  const hint = foreignPartField(part, name);
  return refuse(`${field}.${name}`, hint === undefined ? otherwise : `is missing. ${hint}`);
}

function requireOneOf(record: JsonObject, names: readonly string[], field: string): void {
  const present = names.filter((name) => record[name] !== undefined);
  if (present.length !== 1 || typeof record[present[0] ?? ""] !== "string") {
    const hint =
      present.length === 0
        ? (foreignPartField(record, "data") ?? foreignPartField(record, "url"))
        : undefined;
    const must = `must have exactly one of ${names.join(", ")}, as a string.`;
    throw refuse(field, hint === undefined ? must : `${must} ${hint}`);
  }
}
