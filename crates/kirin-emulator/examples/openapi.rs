//! Prints the API's OpenAPI document, as it is kept in `docs/openapi.json`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    let document = kirin_emulator::openapi::document("https://cloud.vtrix.ai");
    println!("{document:#}");
}
