//! The tests of `kirin-types`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

mod amount;
mod decode;
mod errors;
mod fixtures;
mod prop;
mod render;
mod requests;
mod route;
mod snap;
mod strategies;
mod validate;
