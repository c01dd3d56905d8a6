import { handoffEntryPoints } from "./entries/handoffs.ts";
import { importEntryPoints } from "./entries/imports.ts";
import { storeEntryPoints } from "./entries/stores.ts";
import { summarizerEntryPoints } from "./entries/summarizers.ts";
import { tokenEntryPoints } from "./entries/tokens.ts";
import { viewEntryPoints } from "./entries/views.ts";
import type { EntryPoint } from "./entry-point.ts";

/** Every entry point that is grown. */
export const entryPoints: readonly EntryPoint[] = [
  ...tokenEntryPoints,
  ...summarizerEntryPoints,
  ...viewEntryPoints,
  ...handoffEntryPoints,
  ...storeEntryPoints,
  ...importEntryPoints,
];
