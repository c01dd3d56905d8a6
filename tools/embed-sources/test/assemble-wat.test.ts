import { expect, test } from "vitest";
import { assembleWat } from "../src/wat/assemble-wat.ts";

/** Fills memory from `$at` with the numbers from `$count` down to 1, as floats. */
const countdown = `;; A comment (with brackets)
(module
  (import "host" "memory" (memory 1))
  (func (export "countdown") (param $at i32) (param $count i32)
    (block $done
      (loop $next
        (br_if $done (i32.lt_u (local.get $count) (i32.const 1)))
        (f32.store offset=8 (local.get $at) (f32.convert_i32_s (local.get $count)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $count (i32.add (local.get $count) (i32.const -1)))
        (br $next)))))
`;

interface Api {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { countdown(at: number, count: number): void } };
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}
const { WebAssembly: api } = globalThis as unknown as { readonly WebAssembly: Api };

test("a text becomes a module that does what it says", () => {
  const memory = new api.Memory({ initial: 1 });
  const module = new api.Module(assembleWat("countdown.wat", countdown));
  new api.Instance(module, { host: { memory } }).exports.countdown(4, 300);
  const floats = new Float32Array(memory.buffer);
  expect([...floats.subarray(2, 6)]).toEqual([0, 300, 299, 298]);
  expect([...floats.subarray(301, 304)]).toEqual([2, 1, 0]);
});

test("the bytes are those of the specification", () => {
  const text = `(module (import "m" "n" (memory 300)) (func (export "f") (param $a i32) (local $v v128)
    (local.set $v (v128.const i32x4 1 -1 0 256)) (local.set $a (i32.const -65))))`;
  expect(Buffer.from(assembleWat("f.wat", text)).toString("hex")).toBe(
    [
      "0061736d01000000", // the head
      "010501" + "60017f00", // one type: (i32) -> ()
      "020901" + "016d016e0200ac02", // "m" "n", a memory from 300 pages
      "03020100", // one function of type 0
      "07050101660000", // "f" is function 0
      "0a1f01" + "1d" + "01017b", // one body with one local of type v128
      "fd0c" + "01000000ffffffff0000000000010000" + "2101", // v128.const, local.set 1
      "41bf7f" + "2100" + "0b", // i32.const -65, local.set 0, end
    ].join(""),
  );
});

test.each([
  ["(module\n(func))", 'f.wat:2: has no (export "name").'],
  [
    '(module (func (export "f")\n (i32.mul (i32.const 1))))',
    "f.wat:2: has no instruction i32.mul that the assembler knows.",
  ],
  ['(module (func (export "f")\n\n (local.get $x)))', "f.wat:3: names no local: $x"],
  ['(module (func (export "f") (br $out)))', "f.wat:1: names no block around it: $out"],
  ['(module (func (export "f") (param $a i64)))', "is `(param $name TYPE)`"],
  ['(module (func (export "f") (param $a i32) (local $a i32)))', "each name once"],
  ['(module (func (export "f") (i32.const 4294967296)))', "must be a whole number of 32 bits."],
  ['(module (func (export "f") (f32.load align=4 (i32.const 0))))', "must be offset=BYTES."],
  ['(module (func (export "f") (v128.const i32x4 1 2 3)))', "is `(v128.const i32x4 A B C D)`."],
  ['(module (func (export "f") (i32.add (i32.const 1))))', "f.wat: is no valid module"],
  ['(module (func (export "f"))', "f.wat:1: is never closed."],
  ["(module))", "f.wat:1: closes nothing."],
  ["(module) (module)", "f.wat:1: must be one (module …)."],
  ['(module "a\\b")', "f.wat:1: has a character that cannot stand here."],
  ["(module (table 1))", "f.wat:1: must be an (import …) or a (func …)."],
  ['(module (import "a" "b" (table 1)))', 'is `(import "module" "name" (memory PAGES))`.'],
])("%s is refused", (text, message) => {
  expect(() => assembleWat("f.wat", text)).toThrow(message);
});
