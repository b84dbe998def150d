// The keys that the app keeps, in the browser's database.
const STORES = ["vault", "devices", "tokens"];

function done(request) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}

function open() {
    const request = indexedDB.open("secondo", 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
    return done(request);
}

/** Runs an action in one transaction, which is stored before this returns. */
async function change(names, action) {
    const database = await open();
    try {
        const transaction = database.transaction(names, "readwrite", { durability: "strict" });
        const stored = new Promise((resolve, reject) => {
            transaction.oncomplete = resolve;
            transaction.onabort = () => reject(transaction.error);
        });
        const result = await action((name) => transaction.objectStore(name));
        await stored;
        return result;
    } finally {
        database.close();
    }
}

const all = (name) => change(name, (store) => done(store(name).getAll()));
const put = (name, key, value) => change(name, (store) => done(store(name).put(value, key)));

export const devices = () => all("devices");
export const tokens = () => all("tokens");
export const putDevice = (device) => put("devices", device.name, device);
export const putToken = (token) => put("tokens", token.id, token);
export const removeDevice = (device) => change("devices", (store) => done(store("devices").delete(device.name)));
export const putVault = (vault) => put("vault", "vault", vault);
export const hasVault = () => change("vault", async (store) => (await done(store("vault").count())) > 0);

/** Counts an attempt at the personal code. Returns the vault, or `undefined` if there is none or no attempt is left. */
export function takeAttempt() {
    return change("vault", async (store) => {
        const vault = await done(store("vault").get("vault"));
        if (!vault || vault.left < 1) return undefined;
        vault.left -= 1;
        await done(store("vault").put(vault, "vault"));
        return vault;
    });
}

/** Forgets all keys. */
export function forget() {
    return change(STORES, (store) => Promise.all(STORES.map((name) => done(store(name).clear()))));
}
