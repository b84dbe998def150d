// The messages of an app that approves logins, in the wire format of secondo's module `push`.
import { concat, fromBase64Url, sha256, toBase64Url, toUint64 } from "./bytes.mjs";

const SCHEME = "secondo-push:";
const KEY = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const FIELDS = ["v", "type", "account", "device", "id", "relying_party", "place", "time", "matching", "expires"];
const MATCHINGS = { "type-6": 6, "type-2": 2 };
const VERDICTS = ["accept", "deny", "not-me"];
/** The seconds by which the clock of the phone may be ahead. */
const TOLERANCE = 30;
/** Characters that are not seen, or that change the order of others. */
const DISGUISE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const encode = (text) => new TextEncoder().encode(text);

/** Returns a text with its length in two bytes before it. */
function part(text) {
    const bytes = encode(text);
    return concat([bytes.length >> 8, bytes.length & 0xff], bytes);
}

/** Returns a text that can be shown to the person. */
function shown(text) {
    const length = typeof text === "string" ? encode(text).length : 0;
    if (length < 1 || length > 128 || DISGUISE.test(text)) throw new Error("text");
    return text;
}

/** Reads the text of a QR code or of a link: the activation alone, or after the number sign of an address. */
export function parseActivation(text) {
    const link = text.trim().split("#").at(-1);
    if (!link.startsWith(SCHEME) || link.length > 512) throw new Error("activation");
    const bytes = fromBase64Url(link.slice(SCHEME.length));
    if (bytes[0] !== 1) throw new Error("version");
    let at = 33;
    const next = () => {
        const end = at + 1 + bytes[at];
        if (!(end <= bytes.length)) throw new Error("length");
        const found = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at + 1, end));
        at = end;
        return found;
    };
    const [account, issuer, user] = [next(), shown(next()), shown(next())];
    if (at !== bytes.length) throw new Error("length");
    return { account, id: bytes.subarray(1, 17), secret: bytes.subarray(17, 33), issuer, user };
}

/** Makes the key of a device. Its private part cannot be read, only used. */
export function newKey() {
    return crypto.subtle.generateKey(KEY, false, ["sign", "verify"]);
}

async function sign(key, bytes) {
    return toBase64Url(new Uint8Array(await crypto.subtle.sign(KEY, key, bytes)));
}

/** Answers an activation with a new key. Returns the device and the message for the provider. */
export async function activate({ account, id, secret, issuer, user }, { publicKey, privateKey }) {
    const point = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
    const compressed = concat([2 + (point[64] % 2)], point.subarray(1, 33));
    const name = toBase64Url((await sha256(compressed)).subarray(0, 16));
    const signed = concat(part("secondo push activation"), [1], part(account), id, secret, point);
    const proof = await sign(privateKey, signed);
    const answer = { v: 1, type: "activation", account, id: toBase64Url(id), key: toBase64Url(point), proof };
    return { device: { name, account, issuer, user, key: privateKey }, message: JSON.stringify(answer) };
}

/** Returns the code that confirms a device on the page of the provider. */
export async function confirmationCode({ name }) {
    const hash = await sha256(concat(part("secondo push confirmation"), [1], fromBase64Url(name)));
    const number = new DataView(hash.buffer).getUint32(0) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, "0");
}

/** Reads a challenge for a device. An error means that there is nothing to show. */
export function readChallenge(message, device, now) {
    const challenge = JSON.parse(message);
    const names = Object.keys(challenge);
    // A challenge whose number is compared and not typed is weaker, and not made by this provider.
    if (names.length !== FIELDS.length || !FIELDS.every((name) => names.includes(name))) throw new Error("fields");
    if (challenge.v !== 1 || challenge.type !== "challenge" || !Object.hasOwn(MATCHINGS, challenge.matching)) {
        throw new Error("challenge");
    }
    if (challenge.account !== device.account || challenge.device !== device.name) throw new Error("device");
    if (fromBase64Url(challenge.id).length !== 16 || !Number.isSafeInteger(challenge.expires)) throw new Error("field");
    if (now >= challenge.expires + TOLERANCE) throw new Error("expired");
    [challenge.relying_party, challenge.place, challenge.time].forEach(shown);
    return { ...challenge, digits: MATCHINGS[challenge.matching] };
}

/** Signs the answer to a challenge. Only an acceptance has a number. Returns the message for the provider. */
export async function answer(device, challenge, verdict, number) {
    const { account, id, relying_party, place, time, matching, expires } = challenge;
    const code = 1 + VERDICTS.indexOf(verdict);
    const typed = verdict === "accept" ? number : "";
    if (code === 0 || (verdict === "accept" && !new RegExp(`^[0-9]{${challenge.digits}}$`).test(typed))) {
        throw new Error("number");
    }
    const digest = await sha256(concat(
        part("secondo push challenge"), [1], part(account), fromBase64Url(device.name), fromBase64Url(id),
        part(relying_party), part(place), part(time), [Object.keys(MATCHINGS).indexOf(matching)], part(""),
        toUint64(expires),
    ));
    const signature = await sign(device.key, concat(part("secondo push answer"), [1], digest, [code], part(typed)));
    return JSON.stringify({
        v: 1, type: "answer", account, device: device.name, id, digest: toBase64Url(digest), verdict, number: typed,
        signature,
    });
}
