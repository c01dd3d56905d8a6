import { createMemoryStore } from "@relevo/store-memory";
import { runValidationKit } from "./support/validation-kit.ts";

await runValidationKit("in process", createMemoryStore);
