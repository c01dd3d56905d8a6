import type { Message } from "@relevo/core";
import type { PassedMessage } from "./passed-messages.ts";

/** One message that the receiver got, or a placeholder, which may stand for several trimmed messages. */
export type RebuiltMessage =
  | PassedMessage
  | { readonly source: "inline"; readonly message: Message }
  | { readonly source: "inline"; readonly missing: "erased" }
  /** Arranged again from what was chosen, by the same rules. */
  | { readonly source: "arranged"; readonly message: Message };
