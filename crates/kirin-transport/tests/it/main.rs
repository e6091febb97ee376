//! The tests of `kirin-transport`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

mod adapters;
mod body;
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
