//! The capabilities of an emulator with its settings: declared to a client, or as a configuration file.

use std::time::Duration;

use kirin_client::{DuplicateIds, HostCapabilities, Lookup};
use kirin_emulator::{Duplicates, Emulator};

pub(crate) fn declared_capabilities(emulator: &Emulator) -> HostCapabilities {
    let mut capabilities = HostCapabilities::default();
    if emulator.duplicates() == Duplicates::Refuse {
        capabilities = capabilities.with_duplicate_ids(DuplicateIds::Refused);
    }
    let lag = match emulator.lookup() {
        kirin_emulator::Lookup::Lags(lag) => lag,
        kirin_emulator::Lookup::Works => Duration::ZERO,
        _ => return capabilities.with_lookup(Lookup::Missing),
    };
    capabilities
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(lag)
}

/// A configuration file that declares it.
pub(crate) fn configuration_text(emulator: &Emulator) -> String {
    let host = declared_capabilities(emulator);
    let mut text = format!("[hosts.\"{}\"]\n", emulator.base_url());
    if host.duplicate_ids == DuplicateIds::Refused {
        text.push_str("duplicate_ids = \"refused\"\n");
    }
    match host.lookup {
        Lookup::Missing => text.push_str("lookup = \"missing\"\n"),
        Lookup::Proven => text.push_str("lookup = \"proven\"\n"),
        Lookup::Unproven => {}
    }
    if let Some(lag) = host.lookup_lag {
        text.push_str(&format!(
            "lookup_lag = \"{}\"\n",
            humantime::format_duration(lag)
        ));
    }
    text
}
