// The page of the phone: it activates the app, shows codes, and asks about logins.
import * as otp from "./otp.mjs";
import * as provider from "./provider.mjs";
import * as push from "./push.mjs";
import * as store from "./store.mjs";
import * as vault from "./vault.mjs";
import { canScan, scan } from "./camera.mjs";
import { refusal, texts } from "./texts.mjs";

const POLL_MS = 2000;

const find = (id) => document.getElementById(id);
const now = () => Math.floor(Date.now() / 1000);

/** The device and the challenge that the person is asked about. */
let asked;
/** The challenges that were answered. */
const answered = new Set();

/** Shows one section of the page, and moves the focus to its heading. */
function show(id) {
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
    find(id).querySelector("h2").focus();
}

/** Says something to the person, also through a screen reader. */
function say(text, isError = false) {
    const message = find("message");
    message.textContent = text;
    message.className = isError ? "alert" : "notice";
    message.hidden = !text;
}

/** Returns the key of the personal code, or `undefined` after a wrong one. */
async function unlock(code) {
    const { key, left } = await vault.open(code, store);
    if (key) return key;
    if (left > 0) {
        say(texts.wrongCode(left), true);
        return undefined;
    }
    await store.forget();
    await showHome();
    say(texts.forgotten, true);
    return undefined;
}

async function showAdd(link = "") {
    const isFirst = !(await store.hasVault());
    find("new-personal-code").hidden = !isFirst;
    find("repeated-code").required = isFirst;
    find("add-hint").hidden = Boolean(link);
    find("scan").hidden = Boolean(link) || !canScan();
    find("no-scan").hidden = Boolean(link) || canScan();
    find("link").value = link;
    show("add");
    if (link) find("code").focus();
}

async function showHome() {
    asked = undefined;
    const [devices, tokens] = await Promise.all([store.devices(), store.tokens()]);
    if (devices.length + tokens.length === 0) {
        await showAdd();
        return;
    }
    find("identities").replaceChildren(
        ...devices.map((device) => item(device, texts.approvals)),
        ...tokens.map(tokenItem),
    );
    show("home");
}

/** Makes an element with a text and children. */
function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

function item({ issuer, user, added }, kind) {
    const since = added ? texts.added(new Date(added * 1000)) : "";
    return element("li", {}, element("strong", { textContent: issuer }), ` ${user} (${kind}${since})`);
}

/** Makes the entry of an authenticator, which shows its code after the personal code. */
function tokenItem(token) {
    const id = `code-${token.id}`;
    const label = element("label", { htmlFor: id, textContent: texts.personalCode });
    const field = element("input", { id, type: "password", inputMode: "numeric", autocomplete: "off", required: true });
    field.classList.add("code");
    const output = element("output", { id: `output-${token.id}`, className: "number" });
    const button = element("button", { textContent: texts.showCode });
    const hint = element("p", { className: "hint" });
    const form = element("form", { className: "token" }, label, field, button, output, hint);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const code = await unlock(field.value);
        field.value = "";
        if (!code) return;
        say("");
        await showCode(token, await otp.unwrap(token, code), output);
    });
    const made = item(token, texts.codes);
    made.append(form);
    return made;
}

/** Shows the code of a token until its time step ends. */
async function showCode(token, key, output) {
    const left = token.period - (now() % token.period);
    const hint = output.nextElementSibling;
    output.textContent = await otp.codeAt(token, key, now());
    hint.textContent = texts.seconds(left);
    setTimeout(() => {
        output.textContent = "";
        hint.textContent = texts.codeOver;
    }, left * 1000);
}

/** Takes the text of an activation or of a key, and the personal code. */
async function add(event) {
    event.preventDefault();
    const link = find("link").value;
    let activation;
    let uri;
    try {
        if (link.includes("secondo-push:")) activation = push.parseActivation(link);
        else uri = otp.parseKey(link, document.querySelector("h1").textContent);
    } catch {
        say(texts.notActivation, true);
        return;
    }
    const code = await personalKey();
    if (!code) return;
    for (const id of ["link", "code", "repeated-code"]) find(id).value = "";
    say("");
    if (uri) {
        const token = await otp.wrap(uri, code, now());
        await store.putToken(token);
        await showHome();
        // The personal code was just given.
        say(texts.firstCode);
        await showCode(token, await otp.unwrap(token, code), find(`output-${token.id}`));
        return;
    }
    const { device, message } = await push.activate(activation, await push.newKey());
    // The key is kept first: an answer that is lost may have been taken.
    await store.putDevice(device);
    const error = await provider.activate(message);
    if (error) {
        await store.removeDevice(device);
        await showHome();
        say(refusal(error), true);
        return;
    }
    find("confirmation-code").textContent = await push.confirmationCode(device);
    show("confirm");
}

/** Sets the personal code at the first time, and asks for it at others. */
async function personalKey() {
    const code = find("code").value;
    if (await store.hasVault()) return unlock(code);
    if (!vault.isCode(code)) {
        say(texts.codeForm, true);
        return undefined;
    }
    if (code !== find("repeated-code").value) {
        say(texts.codesDiffer, true);
        return undefined;
    }
    const made = await vault.create(code);
    await store.putVault(made.vault);
    return made.key;
}

/** Fetches the challenges, and asks the person about the first one. */
async function poll() {
    const status = find("status");
    try {
        if (!asked && !find("home").hidden && document.visibilityState === "visible") {
            for (const device of await store.devices()) {
                for (const message of await provider.challenges(device)) ask(device, message);
            }
            status.textContent = texts.ready;
        }
    } catch {
        status.textContent = texts.offline;
    }
    setTimeout(poll, POLL_MS);
}

function ask(device, message) {
    let challenge;
    try {
        challenge = push.readChallenge(message, device, now());
    } catch {
        // There is nothing that the person could answer.
        return;
    }
    if (asked || answered.has(challenge.id)) return;
    asked = { device, challenge };
    find("service").textContent = challenge.relying_party;
    find("place").textContent = challenge.place;
    find("time").textContent = challenge.time;
    find("user").textContent = device.user;
    find("number").value = "";
    find("personal-code").value = "";
    say("");
    show("challenge");
    // Before the person has touched the page, browsers refuse it.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(200);
}

/** Sends the person's answer to the challenge. */
async function answer(verdict, number, text) {
    const { device, challenge } = asked;
    const error = await provider.answer(await push.answer(device, challenge, verdict, number));
    answered.add(challenge.id);
    await showHome();
    if (error) say(refusal(error === "answered" ? "challenge_expired" : error), true);
    else say(text);
}

async function approve(event) {
    event.preventDefault();
    const number = find("number").value.replace(/\s/g, "");
    const code = find("personal-code").value;
    if (!new RegExp(`^[0-9]{${asked.challenge.digits}}$`).test(number)) {
        say(texts.numberForm(asked.challenge.digits), true);
        return;
    }
    find("personal-code").value = "";
    if (await unlock(code)) await answer("accept", number, texts.approved);
}

async function scanLink() {
    try {
        find("link").value = await scan(find("video"));
        find("code").focus();
    } catch {
        say(texts.noCamera, true);
    }
}

/** Runs an action of the person. If the provider does not answer, the person can try again. */
const act = (action) => async (event) => {
    try {
        await action(event);
    } catch {
        say(texts.offline, true);
    }
};

find("add-form").addEventListener("submit", act(add));
find("scan").addEventListener("click", act(scanLink));
find("approve-form").addEventListener("submit", act(approve));
find("deny").addEventListener("click", act(() => answer("deny", "", texts.denied)));
find("not-me").addEventListener("click", act(() => answer("not-me", "", texts.reported)));
find("another").addEventListener("click", act(() => showAdd()));
for (const button of document.querySelectorAll("button.home")) button.addEventListener("click", act(() => showHome()));

/** Takes an activation from the address and removes it from there, or fetches the key of the login that it names. */
async function takeLink() {
    const link = location.hash.slice(1);
    const [kind, login] = link.split("=");
    const isEnrollment = kind === "enrollment";
    if (!isEnrollment && !link.startsWith("secondo-push:")) return false;
    history.replaceState(null, "", location.pathname + location.search);
    const text = isEnrollment ? await provider.pendingKey(login) : link;
    // A link does not take the place of a challenge.
    if (asked) {
        say(texts.later, true);
        return true;
    }
    await showAdd(text);
    if (!text) say(texts.noKey, true);
    return true;
}

/** Begins with what the address asks for, or with the identities. */
async function start() {
    try {
        if (await takeLink()) return;
    } catch {
        say(texts.offline, true);
    }
    await showHome();
}

addEventListener("hashchange", act(takeLink));
await start();
poll();
