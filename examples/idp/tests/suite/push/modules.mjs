// Tests of the phone's modules that need no provider, in node.
import assert from "node:assert/strict";
import * as otp from "../../../src/phone/otp.mjs";
import * as push from "../../../src/phone/push.mjs";
import * as vault from "../../../src/phone/vault.mjs";

/** The store of the browser, in memory. */
function memory(initial) {
    let kept = structuredClone(initial);
    return {
        takeAttempt: async () => {
            if (!kept || kept.left < 1) return undefined;
            kept.left -= 1;
            return structuredClone(kept);
        },
        putVault: async (next) => { kept = structuredClone(next); },
        forget: async () => { kept = undefined; },
        left: () => kept?.left,
    };
}

// The personal code.
assert.ok(vault.isCode("271828"));
for (const code of ["", "12345", "1234567", "12345a", "111111", "١٢٣٤٥٦"]) assert.ok(!vault.isCode(code), code);
const made = await vault.create("271828");
let store = memory(made.vault);
assert.deepEqual(await vault.open("271829", store), { left: 4 });
assert.ok((await vault.open("271828", store)).key);
assert.equal(store.left(), 5);
for (const left of [4, 3, 2, 1]) assert.deepEqual(await vault.open("000001", store), { left });
assert.deepEqual(await vault.open("000001", store), { left: 0 });
assert.equal(store.left(), undefined);
assert.deepEqual(await vault.open("271828", store), { left: 0 });
// An attempt counts, even if the page is closed before its end.
store = memory(made.vault);
const opened = vault.open("000001", store);
await Promise.resolve();
assert.equal(store.left(), 4);
await opened;

// RFC 6238 appendix B, with the keys of each hash.
const KEYS = {
    SHA1: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    SHA256: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA",
};
for (const [algorithm, expected] of [["SHA1", ["94287082", "65353130"]], ["SHA256", ["46119246", "77737706"]]]) {
    const uri = `otpauth://totp/Idp:maria?secret=${KEYS[algorithm]}&digits=8&algorithm=${algorithm}&issuer=Idp`;
    const token = await otp.wrap(otp.parseKeyUri(uri), made.key);
    assert.deepEqual([token.issuer, token.user], ["Idp", "maria"]);
    const key = await otp.unwrap(token, made.key);
    await assert.rejects(crypto.subtle.exportKey("raw", key));
    assert.deepEqual([await otp.codeAt(token, key, 59), await otp.codeAt(token, key, 20_000_000_000)], expected);
    const { key: other } = await vault.create("314159");
    await assert.rejects(otp.unwrap(token, other));
}
for (const uri of [
    "otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQ", "otpauth://totp/a?secret=GE", "otpauth://totp/a", "https://a/",
]) {
    assert.throws(() => otp.parseKeyUri(uri), uri);
}
// The key alone, as the provider's page shows it below the QR code.
const alone = otp.parseKey(` ${KEYS.SHA1.toLowerCase()}\n`, "Idp");
assert.deepEqual([alone.issuer, alone.digits, alone.period], ["Idp", 6, 30]);
const alike = await otp.unwrap(await otp.wrap(alone, made.key), made.key);
assert.equal(await otp.codeAt(alone, alike, 59), "287082");
assert.equal(otp.parseKey(`otpauth://totp/Idp:maria?secret=${KEYS.SHA1}`, "x").issuer, "Idp");
for (const text of ["", "GE", "not a key!", "https://a/"]) assert.throws(() => otp.parseKey(text, "Idp"), text);

// The key of a device cannot be read.
const { privateKey } = await push.newKey();
await assert.rejects(crypto.subtle.exportKey("pkcs8", privateKey));

// Messages that are not shown.
const LINK = "secondo-push:AQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBXJvc3NpDmlkcC5leGFtcGxlLml0C01hcmlhIFJvc3Np";
const activation = push.parseActivation(LINK);
assert.deepEqual([activation.account, activation.issuer, activation.user], ["rossi", "idp.example.it", "Maria Rossi"]);
for (const link of ["", LINK.slice(0, -4), `${LINK}AAAA`, LINK.replace("AQUF", "AgUF"), LINK.replace("push", "pull")]) {
    assert.throws(() => push.parseActivation(link), link);
}
const { device } = await push.activate(activation, await push.newKey());
const challenge = {
    v: 1, type: "challenge", account: "rossi", device: device.name, id: "KCgoKCgoKCgoKCgoKCgoKA", relying_party: "INPS",
    place: "Firefox, Linux", time: "09:30", matching: "type-6", expires: 1_700_000_070,
};
const read = (changed, now = 1_700_000_000) => {
    return push.readChallenge(JSON.stringify({ ...challenge, ...changed }), device, now);
};
assert.equal(read({}).digits, 6);
for (const changed of [
    { v: 2 }, { type: "answer" }, { account: "verdi" }, { device: "AAAAAAAAAAAAAAAAAAAAAA" }, { id: "AAAA" },
    { more: 1 },
    { relying_party: "" }, { relying_party: "INPS\u202e" }, { place: "a\nb" }, { time: "a".repeat(129) }, { time: 1 },
    { matching: "compare" }, { matching: "toString" }, { expires: "1700000070" },
]) assert.throws(() => read(changed), JSON.stringify(changed));
assert.throws(() => read({}, 1_700_000_100));
await assert.rejects(push.answer(device, read({}), "accept", "12345"));
await assert.rejects(push.answer(device, read({}), "perhaps", ""));
