// Codes of an authenticator app (RFC 6238). The key is at rest only as the personal code wraps it.
import { fromBase32, toUint64 } from "./bytes.mjs";

const HASHES = { SHA1: "SHA-1", SHA256: "SHA-256", SHA512: "SHA-512" };

/** Reads a key URI, as authenticator apps scan it. */
export function parseKeyUri(text) {
    const uri = new URL(text.trim());
    // Browsers differ in the parts of URIs with such a scheme.
    const [type, label] = uri.href.slice("otpauth://".length).split("?")[0].split("/");
    const hash = HASHES[(uri.searchParams.get("algorithm") ?? "SHA1").toUpperCase()];
    const digits = Number(uri.searchParams.get("digits") ?? 6);
    const period = Number(uri.searchParams.get("period") ?? 30);
    const secret = fromBase32(uri.searchParams.get("secret") ?? "");
    const isKnown = uri.protocol === "otpauth:" && type === "totp" && hash && secret.length >= 10;
    if (!isKnown || ![6, 7, 8].includes(digits) || !Number.isInteger(period) || period < 1) throw new Error("key URI");
    const [before, after] = decodeURIComponent(label ?? "").split(":");
    return { issuer: uri.searchParams.get("issuer") ?? before, user: after ?? before, hash, digits, period, secret };
}

/** Reads a key URI, or the key alone in Base32, whose codes are the usual ones. The issuer names such a key. */
export function parseKey(text, issuer) {
    const key = text.trim();
    if (key.startsWith("otpauth:")) return parseKeyUri(key);
    const secret = fromBase32(key);
    if (secret.length < 10) throw new Error("key");
    return { issuer, user: "", hash: "SHA-1", digits: 6, period: 30, secret };
}

/** Wraps the key of a URI under the personal code's key. Returns the token that is stored at a time in seconds. */
export async function wrap({ issuer, user, hash, digits, period, secret }, code, now) {
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, true, ["sign"]);
    secret.fill(0);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const wrapped = new Uint8Array(await crypto.subtle.wrapKey("raw", key, code, { name: "AES-GCM", iv }));
    return { id: crypto.randomUUID(), issuer, user, hash, digits, period, iv, wrapped, added: now };
}

/** Returns the key of a token. It cannot be read, only used. */
export function unwrap({ hash, iv, wrapped }, code) {
    const algorithm = { name: "HMAC", hash };
    return crypto.subtle.unwrapKey("raw", wrapped, code, { name: "AES-GCM", iv }, algorithm, false, ["sign"]);
}

/** Returns the code of a token at a time in seconds. */
export async function codeAt({ digits, period }, key, now) {
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, toUint64(Math.floor(now / period))));
    const number = new DataView(mac.buffer).getUint32(mac.at(-1) & 0xf) & 0x7fffffff;
    return String(number % 10 ** digits).padStart(digits, "0");
}
