/** As long as a message may be: what ends the stack may do so only then. */
export const longestText: number = 2 ** 23;

/** Texts that are easy to write and hard to read: each one made somebody's loop inside a loop visible. */
export const hostileTexts: Readonly<Record<string, (size: number) => string>> = {
  "one letter": (size) => "a".repeat(size),
  spaces: (size) => " ".repeat(size),
  "line feeds": (size) => "\n".repeat(size),
  "short lines": (size) => "ab 1\n".repeat(size / 4),
  "equal short lines": (size) => "I will pay 5\n".repeat(size / 8),
  signs: (size) => "<".repeat(size),
  "full stops": (size) => "a. ".repeat(size / 2),
  questions: (size) => "?".repeat(size),
  abbreviations: (size) => "Dr. ".repeat(size / 4),
  base64: (size) => Buffer.alloc(size * 0.75, "\u0001\u00ff7q").toString("base64"),
  "lone surrogates": (size) => "\ud83d".repeat(size),
  flags: (size) => "🇲🇽".repeat(size / 4),
  "marks on a letter": (size) => `a${"\u0301".repeat(size)}`,
  "no spaces": (size) => "año2024,Ünïcode;".repeat(size / 16),
  "different words": (size) => {
    const words: string[] = [];
    for (let word = 0; word < size / 8; word++) words.push(`w${word.toString(36)}x`);
    return words.join(" ");
  },
  "data URL": (size) => `data:image/png;base64,${"iVBORw0KGgo".repeat(size / 11)}`,
  "data URLs without an end": (size) => "data:image/png;base64,".repeat(size / 22),
};
