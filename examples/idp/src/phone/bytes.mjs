// Bytes, and their forms as text.

/** Joins arrays of bytes. */
export function concat(...parts) {
    const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        joined.set(part, at);
        at += part.length;
    }
    return joined;
}

/** Writes bytes in base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes) {
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads base64url without padding. */
export function fromBase64Url(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Error("base64url");
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (digit) => digit.charCodeAt(0));
}

/** Reads base32, as keys of one-time passwords are written (RFC 4648 section 6). */
export function fromBase32(text) {
    const bytes = [];
    let bits = 0;
    let value = 0;
    for (const digit of text.toUpperCase().replace(/[\s=-]/g, "")) {
        const index = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(digit);
        if (index < 0) throw new Error("base32");
        value = (value << 5) | index;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes.push((value >> bits) & 0xff);
        }
    }
    return Uint8Array.from(bytes);
}

/** Writes a number big-endian in 8 bytes. */
export function toUint64(number) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
    return bytes;
}

/** Returns the SHA-256 hash. */
export async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
