//! The check that a page can be used without a mouse.

use serde_json::json;

use super::chromium::Chromium;

/// The check, as a script.
const CHECK: &str = include_str!("keyboard.js");

impl Chromium {
    /// Returns what a person without a mouse cannot do on this page.
    pub(crate) fn keyboard_faults(&self) -> Vec<String> {
        // A tab behind another one has no focus of its own.
        self.devtools("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }));
        // The console tells which elements listen.
        let asked = json!({ "expression": CHECK, "includeCommandLineAPI": true, "returnByValue": true });
        let answer = self.devtools("Runtime.evaluate", &asked);
        let faults = answer["result"]["value"].as_array().unwrap_or_else(|| panic!("{answer}"));
        faults.iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
    }
}
