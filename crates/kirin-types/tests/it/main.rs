//! The tests of `kirin-types`, in one program: `cargo xtask snap` and `cargo xtask prop` select
//! by module name.

mod amount;
mod callback;
mod damaged;
mod decode;
mod duplicate;
mod errors;
mod family;
mod fixtures;
mod image;
mod pictures;
mod prop;
mod render;
mod requests;
mod route;
#[cfg(feature = "schema")]
mod schema;
mod section_8;
mod snap;
mod strategies;
mod task_ref;
mod timestamp;
mod total;
mod validate;
