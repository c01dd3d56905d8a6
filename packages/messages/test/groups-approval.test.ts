import {
  approvalRequest,
  approvalResponse,
  assistant,
  call,
  providerCall,
  result,
  tool,
  user,
} from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import { groupEntries, providers, validateForProvider } from "../src/index.ts";
import { groupsOf, leftoversOf, missing, shownOf } from "./support/shown.ts";

describe("approvals", () => {
  it("are left out, with a call that was approved and answered", () => {
    const messages = [
      user("pay"),
      assistant(call("c"), approvalRequest("q", "c")),
      tool(approvalResponse("q", true)),
      tool(result("c")),
    ];
    expect(shownOf(messages)).toEqual([user("pay"), assistant(call("c")), tool(result("c"))]);
    expect(groupsOf(messages)[1]).toEqual({ kind: "tool-calls", seqs: [2, 4], shown: [2, 4] });
    expect(leftoversOf(messages)).toEqual([[3, "approval"]]);
  });

  it("that are refused tell the model so, with the reason, in the place of the answer", () => {
    const messages = [
      user("pay"),
      assistant(call("c"), call("d"), approvalRequest("q", "c"), approvalRequest("r", "d")),
      tool(approvalResponse("q", false, "Too much."), approvalResponse("r", false)),
      user("why?"),
    ];
    expect(shownOf(messages)).toEqual([
      user("pay"),
      assistant(call("c"), call("d")),
      tool(missing("c", "This call was refused: Too much.")),
      tool(missing("d", "This call was refused.")),
      user("why?"),
    ]);
    expect(groupsOf(messages)[1]).toEqual({ kind: "tool-calls", seqs: [2, 3], shown: [2, 3, 3] });
    expect(leftoversOf(messages)).toEqual([]);
    for (const provider of providers) expect(validateForProvider(shownOf(messages), provider)).toEqual([]);
  });

  it("without an answer leave the call without a result", () => {
    const messages = [assistant(call("c"), approvalRequest("q", "c"))];
    expect(shownOf(messages)).toEqual([assistant(call("c")), tool(missing("c"))]);
  });

  it("may be asked in a message of their own, and answered twice: the last answer counts", () => {
    const messages = [
      assistant(call("c")),
      assistant(approvalRequest("q", "c")),
      tool(approvalResponse("q", false)),
      tool(approvalResponse("q", true)),
    ];
    expect(shownOf(messages)).toEqual([assistant(call("c")), tool(missing("c"))]);
    expect(leftoversOf(messages)).toEqual([
      [2, "approval"],
      [3, "approval"],
      [4, "approval"],
    ]);
  });

  it("that were refused give way to a result that came all the same", () => {
    const messages = [
      assistant(call("c"), approvalRequest("q", "c")),
      tool(approvalResponse("q", false)),
      tool(result("c")),
    ];
    expect(shownOf(messages)).toEqual([assistant(call("c")), tool(result("c"))]);
  });

  it("in a message of the wrong role are left out as well", () => {
    expect(shownOf([assistant("hm", approvalResponse("q", true))])).toEqual([assistant("hm")]);
    expect(shownOf([user([approvalRequest("q", "c"), { type: "text", text: "hi" }])])).toEqual([
      user([{ type: "text", text: "hi" }]),
    ]);
  });

  it("of nothing known are left over, and so is a provider's call that was refused", () => {
    const messages = [
      tool(approvalResponse("zz", false)),
      assistant(providerCall("p"), approvalRequest("q", "p")),
      tool(approvalResponse("q", false)),
    ];
    expect(groupsOf(messages)).toEqual([]);
    expect(leftoversOf(messages)).toEqual([
      [1, "approval"],
      [2, "unsendable"],
      [3, "approval"],
    ]);
  });

  it("are told with the group of the call, as long as that has no result", () => {
    const messages = [
      assistant(call("c"), call("d")),
      assistant("may I?", approvalRequest("q", "c"), approvalRequest("r", "d")),
      tool(approvalResponse("q", false)),
      tool(result("d")),
    ];
    const entries = messages.map((message, index) => ({ seq: index + 1, message, pinned: false }));
    const { groups, approvals } = groupEntries(entries);
    expect(approvals).toEqual([
      { entry: entries[1], group: groups[0] },
      { entry: entries[2], group: groups[0] },
    ]);
  });

  it("are refused by every provider's rules when they are sent", () => {
    const asked = [user("pay"), assistant(call("c"), approvalRequest("q", "c")), tool(result("c"))];
    const answered = [user("pay"), assistant(call("c")), tool(result("c"), approvalResponse("q", true))];
    for (const provider of providers) {
      for (const messages of [asked, answered]) {
        expect(validateForProvider(messages, provider).map(({ rule }) => rule)).toContain(
          `${provider}/parts`,
        );
      }
    }
  });
});
