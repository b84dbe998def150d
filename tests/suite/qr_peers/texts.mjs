// Prints what jsQR and ZXing read in each picture, as a line of JSON with two texts. The pictures are binary PGM files.

import { readFileSync } from "node:fs";
import jsQR from "jsqr";
import library from "@zxing/library";

const { BinaryBitmap, HybridBinarizer, NotFoundException, QRCodeReader, RGBLuminanceSource } = library;

function zxing(gray, width, height) {
  const source = new RGBLuminanceSource(Uint8ClampedArray.from(gray), width, height);
  try {
    return new QRCodeReader().decode(new BinaryBitmap(new HybridBinarizer(source))).getText();
  } catch (error) {
    if (error instanceof NotFoundException) return null;
    throw error;
  }
}

for (const path of process.argv.slice(2)) {
  const file = readFileSync(path);
  const [header, ...size] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString("latin1"));
  const [width, height] = size.map(Number);
  const gray = file.subarray(header.length);
  const colors = Uint8ClampedArray.from({ length: 4 * gray.length }, (_, at) => (at % 4 === 3 ? 255 : gray[at >> 2]));
  console.log(JSON.stringify([jsQR(colors, width, height)?.data ?? null, zxing(gray, width, height)]));
}
