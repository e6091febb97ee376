//! The tests of `kirin-transport`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

mod adapters;
mod body;
#[cfg(feature = "rustls")]
mod certificates;
#[cfg(feature = "hyper")]
mod child;
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
mod limits;
#[cfg(all(feature = "http2", target_os = "linux"))]
mod memory;
#[cfg(feature = "hyper")]
mod offsets;
#[cfg(feature = "hyper")]
mod own;
#[cfg(all(feature = "http2", feature = "testing"))]
mod pipes;
mod prop;
#[cfg(all(feature = "http2", feature = "proxy", feature = "rustls"))]
mod proxy;
mod reader_body;
mod render;
#[cfg(feature = "hyper")]
mod server;
#[cfg(all(feature = "hyper", feature = "rustls"))]
mod settings;
mod snap;
#[cfg(all(feature = "hyper", feature = "testing"))]
mod testing;
#[cfg(all(feature = "hyper", feature = "testing"))]
mod timeouts;
#[cfg(all(feature = "http2", feature = "rustls"))]
mod tls;
#[cfg(all(feature = "hyper", feature = "tower"))]
mod tower;
#[cfg(all(
    feature = "http2",
    feature = "rustls",
    feature = "testing",
    feature = "tracing"
))]
mod traces;
mod watch;
