// The texts that change while the page is open. The others are in the page.
const TEXTS = {
    it: {
        offline: "Il servizio non risponde. Riprovo.",
        ready: "In ascolto: le richieste di accesso compaiono qui.",
        notActivation: "Il testo non è un'attivazione né una chiave. Copialo per intero.",
        codeForm: "Il codice personale ha 6 cifre, non tutte uguali.",
        codesDiffer: "I due codici personali sono diversi.",
        wrongCode: (left) => `Codice personale errato. Tentativi rimanenti: ${left}.`,
        forgotten: "Cinque codici personali errati: l'app ha cancellato le sue chiavi. Attivala di nuovo.",
        answered: "Questa attivazione è già stata usata. Se non da te, altri hanno visto il codice QR: iniziane un'altra.",
        expired: "La richiesta è scaduta. Ricomincia dalla pagina di accesso.",
        suspended: "La tua identità è sospesa o revocata.",
        refused: "Il gestore ha rifiutato il messaggio. Ricomincia dalla pagina di accesso.",
        numberForm: (digits) => `Il numero ha ${digits} cifre.`,
        wrong: "Il numero non era quello mostrato dalla pagina. L'accesso non è riuscito.",
        approved: "Accesso approvato. Torna alla pagina di accesso.",
        denied: "Accesso rifiutato.",
        reported: "Accesso segnalato. Qualcuno conosce la tua password: cambiala subito.",
        noCamera: "La fotocamera non è disponibile. Copia il testo.",
        showCode: "Mostra il codice",
        personalCode: "Codice personale",
        approvals: "approva gli accessi",
        codes: "genera codici",
        added: (date) => `, aggiunta il ${date.toLocaleString("it")}`,
        later: "Rispondi prima alla richiesta, poi apri di nuovo il collegamento.",
        noKey: "Nessuna chiave aspetta in questo browser. Copia il testo della chiave.",
        seconds: (left) => `Il codice vale ancora ${left} secondi.`,
        codeOver: "Questo codice è scaduto. Scrivi il codice personale per avere il prossimo.",
        firstCode: "Scrivi questo codice nella pagina che mostrava la chiave.",
    },
    en: {
        offline: "The service does not answer. Trying again.",
        ready: "Listening: sign-in requests appear here.",
        notActivation: "The text is neither an activation nor a key. Copy all of it.",
        codeForm: "The personal code has 6 digits, not all the same.",
        codesDiffer: "The two personal codes differ.",
        wrongCode: (left) => `Wrong personal code. Attempts left: ${left}.`,
        forgotten: "Five wrong personal codes: the app has erased its keys. Activate it again.",
        answered: "This activation was used before. If not by you, somebody has seen the QR code: start a new one.",
        expired: "The request has expired. Start again on the sign-in page.",
        suspended: "Your identity is suspended or revoked.",
        refused: "The provider refused the message. Start again on the sign-in page.",
        numberForm: (digits) => `The number has ${digits} digits.`,
        wrong: "The number was not the one that the page shows. The sign-in has failed.",
        approved: "Sign-in approved. Go back to the sign-in page.",
        denied: "Sign-in denied.",
        reported: "Sign-in reported. Somebody knows your password: change it at once.",
        noCamera: "The camera is not available. Copy the text.",
        showCode: "Show the code",
        personalCode: "Personal code",
        approvals: "approves sign-ins",
        codes: "generates codes",
        added: (date) => `, added ${date.toLocaleString("en-GB")}`,
        later: "Answer the request first, and then open the link again.",
        noKey: "No key is waiting in this browser. Copy the text of the key.",
        seconds: (left) => `The code is valid for ${left} more seconds.`,
        codeOver: "This code is over. Type your personal code for the next one.",
        firstCode: "Type this code into the page that showed the key.",
    },
};

export const texts = TEXTS[document.documentElement.lang] ?? TEXTS.it;

/** Returns the text of an error that the provider returned. */
export function refusal(error) {
    const known = {
        answered: texts.answered,
        challenge_expired: texts.expired,
        suspended: texts.suspended,
        wrong: texts.wrong,
    };
    return known[error] ?? texts.refused;
}
