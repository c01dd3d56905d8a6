/** Added to the name of a snippet's file, it names a module that imports the same packages and does nothing else. */
export const importsSuffix = ".imports.mjs";

/** The text of that module. Imports of types load nothing. */
export function importsOf(code: string): string {
  const found = code.matchAll(/^import\s(?!type\b)[^"]*"([^"]+)"/gmu);
  return [...found].map(([, name]) => `import ${JSON.stringify(name)};\n`).join("");
}
