/** What stands behind the name of an instruction, before its operands. */
export type Immediate = "local" | "label" | "address" | "i32" | "lane" | "four i32";

export interface Instruction {
  readonly code: readonly number[];
  readonly immediate?: Immediate;
  /** Of an address: the exponent of the number of bytes that are read or written. */
  readonly alignment?: number;
}

function plain(...code: readonly number[]): Instruction {
  return { code };
}

function memory(alignment: number, ...code: readonly number[]): Instruction {
  return { code, immediate: "address", alignment };
}

function lane(...code: readonly number[]): Instruction {
  return { code, immediate: "lane" };
}

/** Of vectors: a prefix, then a number in LEB128. */
const simd = 0xfd;

/**
 * The instructions that can be used, with their codes: "WebAssembly Core Specification", 5.4. Add what is needed.
 */
export const instructions: ReadonlyMap<string, Instruction> = new Map<string, Instruction>([
  ["br", { code: [0x0c], immediate: "label" }],
  ["br_if", { code: [0x0d], immediate: "label" }],
  ["local.get", { code: [0x20], immediate: "local" }],
  ["local.set", { code: [0x21], immediate: "local" }],
  ["local.tee", { code: [0x22], immediate: "local" }],
  ["i32.const", { code: [0x41], immediate: "i32" }],
  ["i32.lt_u", plain(0x49)],
  ["i32.ge_u", plain(0x4f)],
  ["i32.add", plain(0x6a)],
  ["f32.load", memory(2, 0x2a)],
  ["f32.store", memory(2, 0x38)],
  ["f32.add", plain(0x92)],
  ["f32.mul", plain(0x94)],
  ["f32.convert_i32_s", plain(0xb2)],
  ["v128.load", memory(4, simd, 0x00)],
  ["v128.load8x8_s", memory(3, simd, 0x01)],
  ["v128.const", { code: [simd, 0x0c], immediate: "four i32" }],
  ["i32x4.extract_lane", lane(simd, 0x1b)],
  ["f32x4.extract_lane", lane(simd, 0x1f)],
  ["i32x4.add", plain(simd, 0xae, 0x01)],
  ["i32x4.dot_i16x8_s", plain(simd, 0xba, 0x01)],
  ["f32x4.add", plain(simd, 0xe4, 0x01)],
  ["f32x4.mul", plain(simd, 0xe6, 0x01)],
]);
