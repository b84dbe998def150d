#![no_main]

secondo_fuzz::json_target!(secondo_fuzz::import::bitwarden_json);
