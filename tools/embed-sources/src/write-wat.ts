import type { Sources } from "./expand.ts";
import { camelCase, quote } from "./typescript-text.ts";
import { assembleWat } from "./wat/assemble-wat.ts";

/** The exports of a folder of WebAssembly text: the bytes of each file in base64. */
export function writeWat({ exported }: Sources): string {
  return [...exported]
    .map(([name, text]) => {
      const bytes = assembleWat(`${name}.wat`, text);
      return `/** ${bytes.length} bytes. */\nexport const ${camelCase(name)}: string =\n  ${quote(Buffer.from(bytes).toString("base64"))};\n`;
    })
    .join("\n");
}
