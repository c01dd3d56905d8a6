/** The input as a whole cannot be used; the message says what to do, for a person. */
export class InputError extends Error {
  override readonly name: string = "InputError";
}
