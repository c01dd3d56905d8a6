/** A mistake in a source file, with its place. */
export class SourceError extends Error {
  override readonly name: string = "SourceError";

  constructor(path: string, line: number | undefined, message: string) {
    super(line === undefined ? `${path}: ${message}` : `${path}:${line}: ${message}`);
  }
}
