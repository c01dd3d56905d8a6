/** The form of a call id that every provider accepts: Anthropic's characters, OpenAI's length. */
export const sendableCallId: RegExp = /^[a-zA-Z0-9_-]{1,40}$/;
