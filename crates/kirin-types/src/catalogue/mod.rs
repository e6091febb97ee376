//! What each model takes and gives, as one table. Validation, the emulator's spec endpoint, JSON
//! Schema, the command line and the documentation read it; adding a model is adding a row.

mod source;
pub use source::Source;

mod parameter;
pub use parameter::{Parameter, ParameterKind};

mod rule;
pub(crate) use rule::All;
pub use rule::{Condition, Rule};

mod model;
pub use model::{FrameRate, Model, ModelKind, OutputSize, Price, Resolution, TypicalTime};

mod reference;
pub use reference::models_reference;

mod common;

mod rows;
pub use rows::{KIRIN_V2_5_TURBO_T2V, MODELS};
