//! Callbacks that come, or do not, true ones and false ones.

use std::time::Duration;

use fastrand::Rng;

use super::{
    fault::Fault,
    pause,
    service::{Service, kling_body},
};

/// So many are delivered in a process at most.
const MOST: usize = 30;

/// Delivers callbacks as long as the faults last; ends only where the process is to end with one.
pub(crate) async fn deliver(service: Service, ids: Vec<String>, mut rng: Rng) {
    let faults = [
        Fault::CallbackBeforeCrash,
        Fault::CallbackForged,
        Fault::CallbackGarbage,
        Fault::CallbackOfOtherTask,
        Fault::CallbackOutOfOrder,
        Fault::CallbackRepeated,
    ];
    for _ in 0..MOST {
        pause(Duration::from_millis(rng.u64(..20_000))).await;
        for fault in faults {
            if !service.happens(fault) {
                continue;
            }
            service.count(fault);
            let id = &ids[rng.usize(..ids.len())];
            service.note(format_args!("{}, {id}", fault.name()));
            deliver_one(&service, fault, id, &mut rng);
            if fault == Fault::CallbackBeforeCrash {
                return;
            }
        }
    }
    std::future::pending().await
}

fn deliver_one(service: &Service, fault: Fault, id: &str, rng: &mut Rng) {
    match fault {
        Fault::CallbackGarbage => {
            let bytes: Vec<u8> = (0..rng.usize(..64)).map(|_| rng.u8(..)).collect();
            service.wake(&bytes);
        }
        Fault::CallbackOfOtherTask => {
            let woken = service.wake(&kling_body("nobody", "succeed"));
            if woken == Some(true) {
                let problem = "callback: a callback of an unknown task woke a generation".into();
                service.oracle(|oracle| oracle.violation(problem));
            }
        }
        Fault::CallbackOutOfOrder => {
            for status in ["succeed", "processing", "submitted", "failed", "succeed"] {
                service.wake(&kling_body(id, status));
            }
        }
        Fault::CallbackRepeated => {
            for _ in 0..1000 {
                service.wake(&kling_body(id, "processing"));
            }
        }
        _ => {
            service.wake(&kling_body(id, "succeed"));
        }
    }
}
