import { defaultLimits, type JsonValue, type Limits } from "@relevo/core";
import { abortable, admitJson, describeError, readInput, refuse } from "@relevo/core/input";
import { HandoffRefused } from "../record/handoff-errors.ts";

/**
 * The part of the Standard Schema interface that is used, as https://standardschema.dev states it, so that a schema of
 * Zod, Valibot, ArkType and others is taken as it is.
 */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** For data, which stand two levels deep in the event of the handoff: refused by their own name. */
export const withinEvent: Limits = Object.freeze({ ...defaultLimits, depth: defaultLimits.depth - 2 });

export function admitSchema(schema: StandardSchema | undefined): StandardSchema | undefined {
  const isSchema = readInput(
    "schema",
    () => schema === undefined || typeof schema["~standard"]?.validate === "function",
  );
  if (!isSchema) throw refuse("schema", "must be a Standard Schema.");
  return schema;
}

/** The most problems that a refusal names. */
const maxIssues = 20;

/**
 * The data as the schema makes it, and as it is without one. Waits for a validation that is asynchronous.
 *
 * @throws `HandoffRefused` with the problems; `invalid-input` for what JSON cannot hold; `aborted`.
 */
export async function validData(
  schema: StandardSchema | undefined,
  data: JsonValue | undefined,
  signal: AbortSignal | undefined,
): Promise<JsonValue | undefined> {
  if (schema === undefined) return data;
  const made = await validated(schema, data, signal);
  return made === undefined ? undefined : admitJson(made, "data", withinEvent).value;
}

async function validated(
  schema: StandardSchema,
  data: JsonValue | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  let result: SchemaResult<unknown>;
  try {
    const validating = (async () => await schema["~standard"].validate(data))();
    result = await abortable(validating, { signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const issues = [{ message: `The schema failed: ${describeError(error).message}`, path: "" }];
    throw new HandoffRefused("data", wordsOf(issues), { issues }, error);
  }
  if (result.issues === undefined) return result.value;
  const issues = Array.from(result.issues.slice(0, maxIssues), ({ message, path = [] }) => ({
    message: String(message),
    path: path.map((step) => String(typeof step === "object" ? step.key : step)).join("."),
  }));
  throw new HandoffRefused("data", wordsOf(issues), { issues });
}

function wordsOf(issues: readonly { readonly message: string; readonly path: string }[]): string {
  const words = issues.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`));
  return `The data of the handoff is not what its schema says. ${words.join("; ")}`;
}
