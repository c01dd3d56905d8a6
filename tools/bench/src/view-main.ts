import { printPromptCache } from "./view-prompt-cache.ts";

await printPromptCache((line) => console.log(line));
