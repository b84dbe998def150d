// The calls of the provider. Nothing else is called.

async function call(path, body) {
    const answer = await fetch(`/api/app/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
        credentials: "omit",
    });
    if (answer.status >= 500) throw new Error("outage");
    return answer.json();
}

/** Sends the answer to an activation. Returns the provider's error, if there is one. */
export const activate = async (message) => (await call("activation", message)).error;

/** Returns the key URI of the app that this browser enrolls in a login, or an empty text if there is none. */
export async function pendingKey(login) {
    const answer = await fetch(login ? `/enrollment/key?request=${encodeURIComponent(login)}` : "/enrollment/key");
    if (answer.status >= 500) throw new Error("outage");
    return answer.ok ? answer.text() : "";
}

/** Returns the challenges that wait for a device. */
export async function challenges({ name }) {
    return (await call("inbox", JSON.stringify({ device: name }))).challenges ?? [];
}

/** Sends the answer to a challenge. Returns the provider's error, if there is one. */
export const answer = async (message) => (await call("answer", message)).error;
