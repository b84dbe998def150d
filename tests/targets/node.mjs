// Runs a program for wasm32: `node node.mjs PROGRAM [planted]`. Exits with status 1 if a check fails.
import { readFileSync, writeSync } from "node:fs";

const [, , program, planted] = process.argv;
const print = (text, len) => writeSync(1, new Uint8Array(instance.exports.memory.buffer, text, len));
const { instance } = await WebAssembly.instantiate(readFileSync(program), { host: { print } });
process.exit(instance.exports.run(planted !== undefined) ? 0 : 1);
