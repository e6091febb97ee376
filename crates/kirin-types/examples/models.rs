//! Prints the catalogue as Markdown. `crates/kirin-types/models.md` is what it prints:
//!
//! ```text
//! cargo run --package kirin-types --example models > crates/kirin-types/models.md
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

fn main() {
    print!("{}", kirin_types::models_reference());
}
