//! Whatever is sent: no panic, an answer that tells nothing, and a count.

use kirin_client::CallbackReceiver;
use kirin_tests::proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

use super::posts::{UNKNOWN, idle, post, secret_path, send};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn counted(receiver: &CallbackReceiver) -> u64 {
    let counts = receiver.counts();
    counts.unknown_task + counts.no_callback + counts.wrong_path + counts.bad_json
}

/// Bytes, JSON of any sort, and callbacks with a few bytes changed.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let json = r#"\{"(id|task_id|task_info|status|x)":("[ -~]{0,9}"|[0-9]{1,4}|null|\[\]|\{\})\}"#;
    let changed = any::<(prop::sample::Index, u8)>().prop_map(|(index, byte)| {
        let mut body = UNKNOWN.as_bytes().to_vec();
        let place = index.index(body.len());
        body[place] = byte;
        body
    });
    prop_oneof![any::<Vec<u8>>(), json.prop_map(String::into_bytes), changed]
}

#[test]
fn any_body_is_answered_and_counted() {
    let runtime = runtime();
    let receiver = runtime.block_on(idle(8));
    let path = secret_path(&receiver);
    kirin_tests::property!((bodies(), any::<bool>()), |(body, is_right)| {
        let before = counted(&receiver);
        let path = if is_right { &path } else { "/wrong" };
        let (status, _) = runtime.block_on(send(&receiver, &post(path, body)));
        prop_assert!(status == 200 || status == 400, "{status}");
        prop_assert_eq!(counted(&receiver), before + 1);
        prop_assert_eq!(receiver.counts().woken, 0);
        Ok(())
    });
}

#[test]
fn any_bytes_as_a_request_are_survived() {
    let runtime = runtime();
    let receiver = runtime.block_on(idle(8));
    let path = secret_path(&receiver);
    kirin_tests::property!(any::<Vec<u8>>(), |bytes| {
        runtime.block_on(send(&receiver, &bytes));
        let (status, _) = runtime.block_on(send(&receiver, &post(&path, UNKNOWN)));
        prop_assert_eq!(status, 200);
        Ok(())
    });
}
