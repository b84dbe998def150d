// An app on WebCrypto, from the wire format's description alone. It reads the link of an activation, then lines of
// JSON with a challenge, a verdict and a number, and prints the answer to each. It prints its code for "code".
import { createHash, webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

const bytes = (text) => Buffer.from(text, "base64url");
const text = (value) => {
    const encoded = Buffer.from(value);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(encoded.length);
    return Buffer.concat([length, encoded]);
};
const sha256 = (data) => createHash("sha256").update(data).digest();

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const { privateKey, publicKey } = await webcrypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
const point = Buffer.from(await webcrypto.subtle.exportKey("raw", publicKey));
const sign = async (data) => Buffer.from(await webcrypto.subtle.sign(algorithm, privateKey, data)).toString("base64url");

let account;
for await (const line of createInterface({ input: process.stdin })) {
    if (account === undefined) {
        const link = bytes(line.replace("secondo-push:", ""));
        account = link.subarray(34, 34 + link[33]).toString();
        const proof = await sign(Buffer.concat([
            text("secondo push activation"), Buffer.of(1), text(account), link.subarray(1, 33), point,
        ]));
        const id = link.subarray(1, 17).toString("base64url");
        console.log(JSON.stringify({ v: 1, type: "activation", account, id, key: point.toString("base64url"), proof }));
        continue;
    }
    if (line === "code") {
        const name = sha256(Buffer.concat([Buffer.of(2 + point[64] % 2), point.subarray(1, 33)])).subarray(0, 16);
        const hash = sha256(Buffer.concat([text("secondo push confirmation"), Buffer.of(1), name]));
        console.log(String((hash.readUInt32BE() & 0x7fffffff) % 1_000_000).padStart(6, "0"));
        continue;
    }
    const { challenge, verdict, number } = JSON.parse(line);
    const expires = Buffer.alloc(8);
    expires.writeBigUInt64BE(BigInt(challenge.expires));
    const digest = sha256(Buffer.concat([
        text("secondo push challenge"), Buffer.of(1), text(challenge.account), bytes(challenge.device),
        bytes(challenge.id), text(challenge.relying_party), text(challenge.place), text(challenge.time),
        Buffer.of(["type-6", "type-2", "compare"].indexOf(challenge.matching)), text(challenge.number ?? ""), expires,
    ]));
    const code = Buffer.of(1 + ["accept", "deny", "not-me"].indexOf(verdict));
    const signature = await sign(Buffer.concat([text("secondo push answer"), Buffer.of(1), digest, code, text(number)]));
    const { device, id } = challenge;
    // In another order, and with an escape.
    const answer = { v: 1, type: "answer", signature, number, verdict, digest: digest.toString("base64url"), id, device, account };
    console.log(JSON.stringify(answer).replace("accept", "\\u0061ccept"));
}
