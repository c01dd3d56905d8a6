import { describe, expect, it } from "vitest";
import { isConnectionLoss, isPassing, mapError, replyCode } from "../src/connection/errors.ts";

const beforeSeven = (words: string): Error =>
  new Error(`ERR Error running script (call to f_0a1b): @user_script:9: @user_script: 9: -${words}`);

describe("errors of the server", () => {
  it("are told by their first word, on Redis 5 and 6 also from within a script", () => {
    const words = "OOM command not allowed when used memory > 'maxmemory'.";
    expect(replyCode(new Error(`${words} script: 0a1b, on @user_script:9.`))).toBe("OOM");
    expect(replyCode(beforeSeven(words))).toBe("OOM");
    expect(replyCode(new Error("ERR unknown command"))).toBe("ERR");
    expect(replyCode(new Error("Socket closed unexpectedly"))).toBeUndefined();
    expect(mapError(beforeSeven(words), false)).toMatchObject({
      code: "unavailable",
      outcome: "not-applied",
    });
    expect(isPassing(beforeSeven("READONLY You can't write against a read only replica."))).toBe(true);
  });

  it("leave in doubt what an attempt before them may have done", () => {
    expect(mapError(new Error("OOM no memory"), true)).toMatchObject({
      code: "unavailable",
      outcome: "unknown",
    });
  });

  it("are not a lost connection when the client took nothing", () => {
    class ClientOfflineError extends Error {}
    expect(isConnectionLoss(new ClientOfflineError("The client is offline"))).toBe(false);
    expect(isConnectionLoss(new Error("Socket closed unexpectedly"))).toBe(true);
    expect(mapError(new ClientOfflineError("x"), false)).toMatchObject({ outcome: "not-applied" });
  });
});
