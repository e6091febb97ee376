//! Tests of the emulator through its public interface.

mod support;

mod wire;

mod protocol;

mod clock;

mod lifecycle;

mod money;

mod limits;

mod switches;

mod golden;

mod models;

mod family;

mod openapi;

mod callbacks;

mod ranges;

mod artifacts;

mod place;

mod server;

mod faults;

mod request_log;

mod hostile;

mod admin;

mod page;

mod snap;

mod prop;

mod determinism;

mod video;
