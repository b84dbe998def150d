#![no_main]

secondo_fuzz::json_target!(secondo_fuzz::import::graph);
