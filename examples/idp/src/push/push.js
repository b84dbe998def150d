// Asks every two seconds whether the app has answered, and goes on once it has. Without this script, the person presses
// the form's button instead.
const form = document.getElementById("approved");

async function ask() {
    try {
        const answer = await fetch("/push/state", { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const { state, page } = await answer.json();
        if (state === "done") {
            location.replace(page);
            return;
        }
        if (state === "ended") {
            form.requestSubmit();
            return;
        }
    } catch {
        // The provider cannot be reached. The next time it may.
    }
    setTimeout(ask, 2000);
}

setTimeout(ask, 2000);
