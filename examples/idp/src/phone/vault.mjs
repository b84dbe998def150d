// The personal code of six digits. A key that is derived from it wraps what the app keeps.
//
// Five wrong codes in a row end the app. A web page cannot enforce that: somebody who copies the browser's data can try
// all codes. The hardware of a phone could.
const ITERATIONS = 600_000;
const AES = { name: "AES-GCM", length: 256 };
const USES = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
export const ATTEMPTS = 5;

async function derive(code, salt, iterations) {
    const typed = await crypto.subtle.importKey("raw", new TextEncoder().encode(code), "PBKDF2", false, ["deriveKey"]);
    return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, typed, AES, false, USES);
}

/** Returns `true` if a text can be a personal code: six digits that are not all the same. */
export function isCode(text) {
    return /^[0-9]{6}$/.test(text) && new Set(text).size > 1;
}

/** Makes the vault of a new personal code. Returns it with its key. */
export async function create(code) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const key = await derive(code, salt, ITERATIONS);
    // Only the right key opens it.
    const check = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array(16)));
    return { vault: { salt, iterations: ITERATIONS, iv, check, left: ATTEMPTS }, key };
}

/**
 * Returns the key of the vault, or the number of attempts left.
 *
 * The attempt is counted in the store before the code is tried, so that a page that is closed does not save it.
 */
export async function open(code, store) {
    const vault = await store.takeAttempt();
    if (!vault) return { left: 0 };
    const key = await derive(code, vault.salt, vault.iterations);
    try {
        await crypto.subtle.decrypt({ name: "AES-GCM", iv: vault.iv }, key, vault.check);
    } catch {
        if (vault.left === 0) await store.forget();
        return { left: vault.left };
    }
    await store.putVault({ ...vault, left: ATTEMPTS });
    return { key };
}
