import { dot } from "./kernel/kernel.generated.ts";

/** The part of WebAssembly that is used; TypeScript has its types in the library of the DOM alone. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly CompileError: new () => Error;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => {
    readonly buffer: ArrayBuffer;
  };
}

const pageBytes = 65_536;

/** Memory with functions that read and write it. Addresses and lengths are in bytes, see `kernel/dot.wat`. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer;
  dotFloats(query: number, rows: number, end: number, width: number, out: number): void;
  dotBytes(
    query: number,
    rows: number,
    end: number,
    width: number,
    out: number,
    scales: number,
    scale: number,
  ): void;
}

/** Dot products with the processor's vector instructions. */
export interface DotKernel {
  /** Memory of at least so many bytes, all zero. `undefined` when the process cannot have so much. */
  open(bytes: number): KernelMemory | undefined;
}

/** `undefined` where WebAssembly or its vector instructions are missing, or where code may not be compiled, as in Workers. */
export function createDotKernel(): DotKernel | undefined {
  const { WebAssembly: api } = globalThis as { readonly WebAssembly?: WebAssemblyApi };
  const bytes = Buffer.from(dot, "base64");
  if (api === undefined || !api.validate(bytes)) return undefined;
  const module = compile(api, bytes);
  if (module === undefined) return undefined;
  return {
    open(size) {
      const pages = Math.ceil(size / pageBytes);
      try {
        const memory = new api.Memory({ initial: pages, maximum: pages });
        const { exports } = new api.Instance(module, { host: { memory } });
        return { ...(exports as Omit<KernelMemory, "buffer">), buffer: memory.buffer };
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    },
  };
}

/** The bytes are valid: what is refused here is to compile at all. */
function compile(api: WebAssemblyApi, bytes: Uint8Array): object | undefined {
  try {
    return new api.Module(bytes);
  } catch (error) {
    if (error instanceof api.CompileError) return undefined;
    throw error;
  }
}
