/**
 * The write token before and after a call that may write. Every write that moves the session's `revision` gives the
 * session a token of its own: random text that is never used twice, also when a failover loses the write and another
 * takes its place. A caller that has a token and sees it as `previousToken` knows that nobody else wrote in between. A call
 * that changed nothing answers the present token as both.
 */
export interface TokenChange {
  /** The session's token after the call; absent when there is no session. */
  readonly token?: string;
  /** The token that the call found; absent when there was no session before it. */
  readonly previousToken?: string;
}
