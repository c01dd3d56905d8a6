/** A call of a function of the schema, as an expression and its parameters. */
export interface FunctionCall {
  /** The expression, which is the same for each call with the same names. */
  readonly call: () => string;
  readonly values: readonly unknown[];
}

/** Passes arguments by name: `{ tenant: "acme" }` is `p_tenant => $1`. The schema is quoted. */
export function functionCall(
  schema: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
): FunctionCall {
  return {
    call() {
      const parameters = Object.keys(given).map((one, index) => `p_${one} => $${index + 1}`);
      return `${schema}.${name}(${parameters.join(", ")})`;
    },
    values: Object.values(given),
  };
}
