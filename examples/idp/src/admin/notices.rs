//! The mails about what operators did.

use crate::messages::Notice;
use crate::pages::Text;

const fn notice(subject: Text, text: Text) -> Notice {
    Notice { subject, text }
}

pub(super) const UNLOCKED: Notice = notice(
    Text("Identità sbloccata", "Identity unlocked"),
    Text("L'assistenza ha sbloccato la tua identità digitale.", "The help desk has unlocked your digital identity."),
);
pub(super) const SUSPENDED: Notice = notice(
    Text("Identità sospesa", "Identity suspended"),
    Text(
        "L'assistenza ha sospeso la tua identità digitale. Nessuno può usarla finché non viene riattivata.",
        "The help desk has suspended your digital identity. Nobody can use it until it is resumed.",
    ),
);
pub(super) const RESUMED: Notice = notice(
    Text("Identità riattivata", "Identity resumed"),
    Text("L'assistenza ha riattivato la tua identità digitale.", "The help desk has resumed your digital identity."),
);
pub(super) const REVOKED: Notice = notice(
    Text("Identità revocata", "Identity revoked"),
    Text(
        "L'assistenza ha revocato la tua identità digitale. Non può più essere usata.",
        "The help desk has revoked your digital identity. It can no longer be used.",
    ),
);
pub(super) const DEVICE_SUSPENDED: Notice = notice(
    Text("Dispositivo sospeso", "Device suspended"),
    Text(
        "L'assistenza ha sospeso un dispositivo della tua identità digitale.",
        "The help desk has suspended a device of your digital identity.",
    ),
);
pub(super) const DEVICE_RESUMED: Notice = notice(
    Text("Dispositivo riattivato", "Device resumed"),
    Text(
        "L'assistenza ha riattivato un dispositivo della tua identità digitale.",
        "The help desk has resumed a device of your digital identity.",
    ),
);
pub(super) const DEVICE_REVOKED: Notice = notice(
    Text("Dispositivo revocato", "Device revoked"),
    Text(
        "L'assistenza ha revocato un dispositivo della tua identità digitale.",
        "The help desk has revoked a device of your digital identity.",
    ),
);
pub(super) const ACTIVATION_ISSUED: Notice = notice(
    Text("Codice di attivazione emesso", "Activation code issued"),
    Text(
        "L'assistenza ha emesso un codice per attivare un'altra app per la tua identità digitale.",
        "The help desk has issued a code to activate another app for your digital identity.",
    ),
);
pub(super) const ACTIVATION_WITHDRAWN: Notice = notice(
    Text("Codice di attivazione ritirato", "Activation code withdrawn"),
    Text(
        "L'assistenza ha ritirato il codice per attivare un'altra app.",
        "The help desk has withdrawn the code to activate another app.",
    ),
);
pub(super) const APPOINTED: Notice = notice(
    Text("Sei un operatore", "You are an operator"),
    Text(
        "La tua identità digitale è ora quella di un operatore dell'assistenza.",
        "Your digital identity is now that of an operator of the help desk.",
    ),
);
pub(super) const DISMISSED: Notice = notice(
    Text("Non sei più un operatore", "You are no longer an operator"),
    Text(
        "La tua identità digitale non è più quella di un operatore dell'assistenza.",
        "Your digital identity is no longer that of an operator of the help desk.",
    ),
);
