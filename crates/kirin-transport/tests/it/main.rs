//! The tests of `kirin-transport`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

mod adapters;
mod body;
#[cfg(feature = "rustls")]
mod certificates;
#[cfg(all(
    feature = "conformance",
    feature = "http2",
    feature = "reqwest",
    feature = "rustls",
    feature = "tower"
))]
mod conformance;
#[cfg(feature = "hyper")]
mod contract;
#[cfg(feature = "hyper")]
mod failures;
mod frames;
#[cfg(feature = "hyper")]
mod hostile;
#[cfg(feature = "hyper")]
mod kept;
#[cfg(feature = "hyper")]
mod offsets;
mod prop;
mod render;
#[cfg(feature = "hyper")]
mod server;
mod snap;
