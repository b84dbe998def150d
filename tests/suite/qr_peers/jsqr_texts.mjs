// Prints the text that jsQR reads in each picture, as a line of JSON. The pictures are binary PGM files.

import { readFileSync } from "node:fs";
import jsQR from "jsqr";

for (const path of process.argv.slice(2)) {
  const file = readFileSync(path);
  const [header, width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString("latin1"));
  const gray = file.subarray(header.length);
  const colors = Uint8ClampedArray.from({ length: 4 * gray.length }, (_, at) => (at % 4 === 3 ? 255 : gray[at >> 2]));
  const code = jsQR(colors, Number(width), Number(height));
  console.log(JSON.stringify(code ? code.data : null));
}
