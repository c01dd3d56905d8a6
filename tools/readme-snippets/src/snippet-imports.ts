/** Added to the name of a snippet's file, it names a module that imports the same packages and does nothing else. */
export const importsSuffix = ".imports.mjs";

/** The text of that module. */
export function importsOf(code: string): string {
  return importedBy(code)
    .map((name) => `import ${JSON.stringify(name)};\n`)
    .join("");
}

/** Whether a snippet loads packages that are neither Relevo's nor built into Node.js. */
export function loadsOthers(code: string): boolean {
  return importedBy(code).some((name) => !/^(@relevo\/|node:)/u.test(name));
}

/** The modules that a snippet imports at its start. Imports of types load nothing. */
function importedBy(code: string): readonly string[] {
  const found = code.matchAll(/^import\s(?!type\b)[^"]*"([^"]+)"/gmu);
  return [...found].map(([, name = ""]) => name);
}
