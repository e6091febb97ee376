//! Requests with a picture that wait, and what is shown of them.

#![expect(
    clippy::disallowed_methods,
    reason = "what a client does in time is told by a clock, which is paused"
)]

use kirin_client::{
    Client, Intent, Journal as _, JournalChange, JournalWrite, MemoryJournal, OperationId,
    machine::{Action, Machine, Settings},
};
use kirin_tests::canary;
use kirin_types::{GenerationRequest, Image, KIRIN_V2_5_TURBO_T2V};

use crate::scripted::{Answer, Scripted};

/// Of 2 MiB, as far as its head says.
fn picture() -> Image {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\x01\x2c".to_vec();
    bytes.resize(2 << 20, 7);
    Image::from_bytes(&bytes).unwrap()
}

fn request(image: &Image) -> GenerationRequest {
    let builder = GenerationRequest::for_model("kirin_v2_5_turbo_i2v").image(image.clone());
    let builder = builder.parameter("prompt", "it moves");
    builder.external_task_id("order-1").build().unwrap()
}

fn place(request: &GenerationRequest) -> *const u8 {
    request
        .parameter("image")
        .unwrap()
        .as_str()
        .unwrap()
        .as_ptr()
}

fn machine(request: GenerationRequest) -> Machine {
    Machine::generate(request, Settings::for_model(&KIRIN_V2_5_TURBO_T2V, None)).unwrap()
}

fn client() -> Client {
    let never = Scripted::new((0..100).map(|_| Answer::Never));
    let builder = Client::builder(canary::key().parse().unwrap()).transport(never);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn generations_that_wait_with_one_picture_share_it() {
    let image = picture();
    let client = client();
    let mut generations = Vec::new();
    for number in 0..20 {
        let id = format!("order-{number}").parse().unwrap();
        let request = request(&image).with_external_task_id(id);
        let mut generation = client.generate(request).start();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(1), &mut generation);
        assert!(ended.await.is_err(), "it waits for an answer");
        generations.push(generation);
    }
    for generation in &generations {
        let machine = generation.machine().unwrap();
        let Action::Create(request) = machine.action() else {
            panic!("{:?}", machine.action());
        };
        assert_eq!(place(request), image.as_str().as_ptr());
    }
}

#[tokio::test]
async fn nothing_shows_a_picture_whole() {
    let request = request(&picture());
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let base_url = client().base_url().clone();
    let intent = Intent::new(request.clone(), base_url, key.fingerprint(), None).unwrap();
    let create = intent.create_id().unwrap();
    let change = JournalChange::Intend(Box::new(intent.clone()));
    let write = JournalWrite::new(create.clone(), OperationId::new(1, 1), change);
    let journal = MemoryJournal::default();
    journal.write(&write).await.unwrap();
    let recalled = journal.recall(&create).await.unwrap();
    let entry = recalled.entry.clone().unwrap();
    assert_eq!(place(&entry.intent.request), place(&request));
    let machine = machine(request.clone());
    let shown = [
        format!("{:?}", client().generate(request)),
        format!("{:#?}", machine.action()),
        format!("{machine:#?}"),
        format!("{intent:#?}"),
        format!("{write:#?}"),
        format!("{recalled:#?}"),
        format!("{entry:#?}"),
    ];
    for (number, shown) in shown.iter().enumerate() {
        assert!(shown.len() < 10_000, "{number}: {} characters", shown.len());
        assert!(
            number == 0 || shown.contains("<image/png, 2097152 bytes>"),
            "{shown}"
        );
    }
}
