import { MemoryError, type MemoryErrorCode, printable } from "@relevo/core";

const noRoom = [
  "unavailable",
  "There is no room left on the disk of",
  "Make room, then open it again.",
] as const;
const noAccess = [
  "denied",
  "This process may not write in",
  "Give its user the right to, or choose another folder.",
] as const;
const noFolder = ["invalid-input", "A file is in the way of the folder", "Choose another path."] as const;
const noPath = ["invalid-input", "The system makes no folder at", "Choose another path."] as const;
const tooMany = [
  "unavailable",
  "This process has too many files open to use",
  "Close some, or raise its limit.",
] as const;

/** What the operating system says about a folder: the code of our error, what is wrong, and what to do about it. */
const byCode: { readonly [code: string]: readonly [MemoryErrorCode, string, string] } = {
  EEXIST: noFolder,
  ENOTDIR: noFolder,
  EACCES: noAccess,
  EPERM: noAccess,
  EROFS: noAccess,
  ENOENT: noPath,
  ENAMETOOLONG: ["invalid-input", "The path is longer than the system allows:", "Choose a shorter one."],
  ELOOP: ["invalid-input", "Symbolic links lead in a circle at", "Choose another path."],
  ENOSPC: noRoom,
  EDQUOT: noRoom,
  EFBIG: noRoom,
  EMFILE: tooMany,
  ENFILE: tooMany,
};

/** An error of the operating system as one that says what is wrong with the folder. One of ours stays as it is. */
export function explainFolder(
  cause: unknown,
  folder: string,
  systemCode: string = codeOf(cause),
): MemoryError {
  if (MemoryError.isInstance(cause)) return cause;
  const [code, problem, advice] = byCode[systemCode] ?? [
    "unavailable",
    `The system reports ${systemCode} for`,
    "Look at its disk, then open it again.",
  ];
  return new MemoryError(code, `${problem} ${printable(folder)}. ${advice}`, {
    cause,
    details: { folder, code: systemCode },
  });
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "an error";
}

/** What PostgreSQL and PGlite pass on of the system's errors: its words, or its number in WASI. */
const foreign: readonly { readonly code: string; readonly words: RegExp; readonly errno: number }[] = [
  { code: "ENOSPC", words: /No space left on device/, errno: 51 },
  { code: "EDQUOT", words: /quota exceeded/i, errno: 19 },
  { code: "EFBIG", words: /File too large/, errno: 22 },
  { code: "EACCES", words: /Permission denied/, errno: 2 },
  { code: "EPERM", words: /Operation not permitted/, errno: 63 },
  { code: "EROFS", words: /Read-only file system/, errno: 69 },
  { code: "ENFILE", words: /Too many open files in system/, errno: 41 },
  { code: "EMFILE", words: /Too many open files|No file descriptors available/, errno: 33 },
  { code: "EIO", words: /I\/O error/, errno: 29 },
];

/** The system's code for what stopped PostgreSQL; `undefined` when it was not the system. */
export function systemCodeOf(message: string, error: unknown): string | undefined {
  const errno = (error as { readonly errno?: unknown } | null | undefined)?.errno;
  return foreign.find((one) => one.words.test(message) || one.errno === errno)?.code;
}
