/** A call of a function of the schema, as an expression and its parameters. */
export interface FunctionCall {
  /** The expression, which is the same for each call with the same names. */
  readonly call: () => string;
  readonly values: readonly unknown[];
}

/**
 * Passes arguments by name: `{ tenant: "acme" }` is `p_tenant => $1`. Those of two objects, one after the other: putting them
 * into one for each call takes longer than the rest. The schema is quoted.
 */
export function functionCall(
  schema: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): FunctionCall {
  return {
    call() {
      const names = [...Object.keys(given), ...Object.keys(more)];
      const parameters = names.map((one, index) => `p_${one} => $${index + 1}`);
      return `${schema}.${name}(${parameters.join(", ")})`;
    },
    values: [...Object.values(given), ...Object.values(more)],
  };
}
