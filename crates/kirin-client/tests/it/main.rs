//! The tests of `kirin-client`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

#[cfg(all(feature = "blocking", feature = "hyper"))]
mod blocking;
#[cfg(feature = "tokio")]
mod budget;
#[cfg(feature = "tokio")]
mod call_policy;
#[cfg(feature = "tokio")]
mod callbacks;
#[cfg(feature = "tokio")]
mod default_headers;
#[cfg(feature = "tokio")]
mod download;
#[cfg(feature = "tokio")]
mod drain;
#[cfg(feature = "tokio")]
mod driver;
#[cfg(feature = "hyper")]
mod environment;
#[cfg(feature = "hyper")]
mod examples;
#[cfg(feature = "tokio")]
mod flow;
#[cfg(feature = "tokio")]
mod in_hand;
#[cfg(feature = "tokio")]
mod journal;
mod machine;
#[cfg(feature = "metrics")]
mod measured;
mod pictures;
#[cfg(feature = "tokio")]
mod plain_http;
mod prop;
#[cfg(feature = "tokio")]
mod repeated_key;
mod schedules;
#[cfg(feature = "tokio")]
mod scripted;
#[cfg(feature = "tokio")]
mod signed_urls;
mod snap;
mod strategies;
#[cfg(feature = "tracing")]
mod traces;
#[cfg(feature = "tokio")]
mod typical_time;
#[cfg(feature = "tokio")]
mod watched;
mod wire;
