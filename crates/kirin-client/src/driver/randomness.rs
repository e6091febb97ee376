//! The only randomness of the client.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the driver that brings randomness in"
)]

use kirin_types::ExternalTaskId;

/// A new external task id that no one else has.
pub(super) fn external_task_id() -> ExternalTaskId {
    let mut bits = [0; 16];
    // A guessable id could collide, and a collision could adopt another one's task.
    getrandom::fill(&mut bits).expect("randomness of the operating system");
    let id = format!("kirin-{:032x}", u128::from_be_bytes(bits));
    // 38 characters of the alphabet.
    id.parse().expect("a legal external task id")
}

/// A number that no other client of any process has.
pub(super) fn client_number() -> u128 {
    let mut bits = [0; 16];
    // Two clients with one number would take each other's operations for their own.
    getrandom::fill(&mut bits).expect("randomness of the operating system");
    u128::from_be_bytes(bits)
}

/// A text that was in no address before, so that no cache has an answer to it.
pub(super) fn query_parameter() -> String {
    format!("{:032x}", client_number())
}

/// A text that no one can guess: 128 random bits, as 32 hexadecimal digits.
///
/// # Errors
///
/// The operating system gives no randomness.
#[cfg(feature = "callbacks")]
pub(crate) fn mint_token() -> std::io::Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

/// A seed of jitter, which need not be secret, only different between clients.
pub(super) fn seed() -> u64 {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_or(0, |()| u64::from_be_bytes(bits))
}
