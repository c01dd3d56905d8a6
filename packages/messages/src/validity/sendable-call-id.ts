/** The form of a call's id that every provider takes: Anthropic's characters, OpenAI's length. */
export const sendableCallId: RegExp = /^[a-zA-Z0-9_-]{1,40}$/;
