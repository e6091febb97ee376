//! A picture is there once, however many requests have it, and nothing shows it whole.

use kirin_types::{GenerationRequest, Image};
use serde_json::json;

const BYTES: usize = 2 << 20;

/// Of 2 MiB, as far as its head says.
fn picture() -> Image {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x2c\0\0\x01\x2c".to_vec();
    bytes.resize(BYTES, 7);
    Image::from_bytes(&bytes).unwrap()
}

fn request(image: Image) -> GenerationRequest {
    let builder = GenerationRequest::for_model("kirin_v2_5_turbo_i2v").image(image);
    builder.parameter("prompt", "it moves").build().unwrap()
}

fn place(request: &GenerationRequest, name: &str) -> *const u8 {
    request.parameter(name).unwrap().as_str().unwrap().as_ptr()
}

#[test]
fn requests_with_one_picture_share_it() {
    let image = picture();
    let first = request(image.clone());
    let renamed = first
        .clone()
        .with_external_task_id("order-1".parse().unwrap());
    for other in [first.clone(), renamed, request(image.clone())] {
        assert_eq!(place(&other, "image"), place(&first, "image"));
    }
    assert_eq!(place(&first, "image"), image.as_str().as_ptr());

    let extra = GenerationRequest::builder("a fox").extra("new_picture", image);
    let extra = extra.build().unwrap();
    let renamed = extra
        .clone()
        .with_external_task_id("order-2".parse().unwrap());
    assert_eq!(place(&extra, "new_picture"), place(&renamed, "new_picture"));
}

#[test]
fn debug_tells_the_type_and_size_of_a_picture() {
    let image = picture();
    let nested = json!({ "images": [{ "picture": image.as_str() }] });
    let builder = GenerationRequest::for_model("kirin_v2_5_turbo_i2v")
        .image(image.clone())
        .parameter("prompt", "it moves")
        .extra("more", nested);
    let request = builder.clone().build().unwrap();
    for shown in [
        format!("{image:?}"),
        format!("{builder:?}"),
        format!("{request:#?}"),
    ] {
        assert!(shown.len() < 2_000, "{} characters", shown.len());
        assert!(shown.contains("<image/png, 2097152 bytes>"), "{shown}");
    }
    assert_eq!(format!("{request:?}").matches("image/png").count(), 2);
    let url = Image::from_url("https://example.com/fox.png").unwrap();
    assert_eq!(
        format!("{url:?}"),
        r#"Image("https://example.com/fox.png")"#
    );
}

#[test]
fn debug_of_a_request_is_short_whatever_is_in_it() {
    let texts = vec!["a".repeat(9_000); 1_000];
    let request = GenerationRequest::builder("a fox")
        .extra("text", "a".repeat(1 << 20))
        .extra("numbers", json!(vec![7; 1 << 20]))
        .extra("texts", json!(texts))
        .extra("a".repeat(1 << 20), 7)
        .build()
        .unwrap();
    let shown = format!("{request:?}");
    assert!(shown.len() < 2_000, "{} characters", shown.len());
    for part in [
        "a fox",
        "<text, 1048576 bytes>",
        "[1048576 items]",
        "[1000 items]",
    ] {
        assert!(shown.contains(part), "{part}");
    }
}
