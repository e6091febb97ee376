//! The examples do what they say, to the end.

#[path = "../../examples/custom_transport.rs"]
mod custom_transport;

#[path = "../../examples/reqwest_transport.rs"]
mod reqwest_transport;

#[test]
fn a_custom_transport_conforms_and_generates() {
    custom_transport::main().unwrap();
}

#[test]
fn reqwest_conforms_and_generates() {
    reqwest_transport::main().unwrap();
}
