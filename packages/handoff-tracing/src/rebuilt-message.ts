import type { Message } from "@relevo/core";
import type { PassedMessage } from "./passed-messages.ts";

/** One message that the receiver saw, or the hole where it stood. A trimmed hole may be of many messages. */
export type RebuiltMessage =
  | PassedMessage
  | { readonly source: "inline"; readonly message: Message }
  | { readonly source: "inline"; readonly missing: "erased" }
  /** Made again from what was chosen, by the same rules. */
  | { readonly source: "arranged"; readonly message: Message };
