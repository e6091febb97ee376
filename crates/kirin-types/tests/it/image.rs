//! Which pictures pass: size, ratio, length and format, each limit from both sides.

use ::base64::{Engine, engine::general_purpose::STANDARD};
use kirin_types::{GenerationRequest, Image, InvalidImage};

#[test]
fn a_side_has_at_least_300_pixels() {
    fn check(width: u16, height: u16, expected: Result<(), InvalidImage>) {
        for bytes in [png(width.into(), height.into()), jpeg(width, height)] {
            let found = Image::from_bytes(&bytes).map(drop);
            assert_eq!(found, expected, "{width}x{height}");
        }
    }

    let too_small = |width, height| Err(InvalidImage::TooSmall { width, height });
    check(300, 300, Ok(()));
    check(299, 300, too_small(299, 300));
    check(300, 299, too_small(300, 299));
    check(299, 299, too_small(299, 299));
    check(0, 0, too_small(0, 0));
    check(0, 300, too_small(0, 300));
    // Small goes before wide.
    check(65535, 1, too_small(65535, 1));
}

#[test]
fn the_ratio_is_from_1_to_2_5_up_to_2_5_to_1() {
    fn check(width: u16, height: u16, is_legal: bool) {
        let ratio = InvalidImage::Ratio {
            width: width.into(),
            height: height.into(),
        };
        for bytes in [png(width.into(), height.into()), jpeg(width, height)] {
            let found = Image::from_bytes(&bytes).map(drop);
            let expected = if is_legal { Ok(()) } else { Err(ratio) };
            assert_eq!(found, expected, "{width}x{height}");
        }
    }

    check(750, 300, true);
    check(300, 750, true);
    check(751, 300, false);
    check(300, 751, false);
    // 2.5 times an odd number is no whole one.
    check(752, 301, true);
    check(301, 752, true);
    check(753, 301, false);
    check(301, 753, false);
    check(65535, 26214, true);
    check(26214, 65535, true);
    check(65535, 26213, false);
    check(26213, 65535, false);
}

#[test]
fn a_huge_size_does_not_overflow() {
    assert!(Image::from_bytes(&png(u32::MAX, u32::MAX)).is_ok());
    let expected = Err(InvalidImage::Ratio {
        width: u32::MAX,
        height: 300,
    });
    assert_eq!(Image::from_bytes(&png(u32::MAX, 300)), expected);
}

#[test]
fn only_the_tail_of_v1_has_any_ratio() {
    fn check(model: &str, width: u16, expected: bool) {
        for bytes in [png(width.into(), 300), jpeg(300, width)] {
            let request = GenerationRequest::for_model(model)
                .parameter("image", "https://example.com/fox.png")
                .parameter("image_tail", base64(&bytes))
                .parameter("mode", "pro")
                .build();
            assert_eq!(request.is_ok(), expected, "{model} {width}: {request:?}");
        }
    }

    check("kirin_v1_i2v", 750, true);
    check("kirin_v1_i2v", 751, true);
    check("kirin_v1_i2v", 65535, true);
    // The smallest side holds there too.
    check("kirin_v1_i2v", 299, false);
    for model in ["kirin_v1_6_i2v", "kirin_v2_5_turbo_i2v", "kirin_v2_6_i2v"] {
        check(model, 750, true);
        check(model, 751, false);
    }
}

#[test]
fn ten_mebibytes_pass_and_no_byte_more() {
    fn check(length: usize, expected: Result<(), InvalidImage>) {
        let mut bytes = png(300, 300);
        bytes.resize(length, 0);
        assert_eq!(Image::from_bytes(&bytes).map(drop), expected, "{length}");
        let request = GenerationRequest::for_model("kirin_v1_i2v")
            .parameter("image", base64(&bytes))
            .build();
        let told = request
            .map(drop)
            .map_err(|it| it.problems()[0].found.clone());
        let expected = expected.map_err(|invalid| invalid.to_string());
        assert_eq!(told, expected, "{length}");
    }

    let too_large = |bytes| Err(InvalidImage::TooLarge { bytes });
    check(10 * 1024 * 1024 - 1, Ok(()));
    check(10 * 1024 * 1024, Ok(()));
    check(10 * 1024 * 1024 + 1, too_large(10 * 1024 * 1024 + 1));
    check(10 * 1024 * 1024 + 2, too_large(10 * 1024 * 1024 + 2));
}

#[test]
fn another_format_is_refused_by_its_first_bytes() {
    fn check(bytes: &[u8]) {
        let found = Image::from_bytes(bytes);
        assert_eq!(found, Err(InvalidImage::UnknownFormat), "{bytes:?}");
    }

    check(b"");
    check(b"GIF89a\x2c\x01\x2c\x01\0\0\0");
    check(b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x2c\x01\x2c\x01");
    check(b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x2c\x01\0\0\x2c\x01\0\0");
    check(b"<svg width=\"300\" height=\"300\"/>");
    check(b"https://example.com/fox.png");
    // A PNG that lost its eighth bit, or whose first chunk is another one.
    check(&[b"\tPNG".as_slice(), &png(300, 300)[4..]].concat());
    check(
        &[
            &png(300, 300)[..12],
            b"IDAT".as_slice(),
            &png(300, 300)[16..],
        ]
        .concat(),
    );
}

#[test]
fn a_cut_head_is_refused() {
    fn check(bytes: &[u8]) {
        for length in 0..bytes.len() {
            let found = Image::from_bytes(&bytes[..length]);
            assert_eq!(found, Err(InvalidImage::UnknownFormat), "{length}");
        }
        assert!(Image::from_bytes(bytes).is_ok());
    }

    check(&png(300, 300));
    // Up to the width; what follows the size is not read.
    check(&jpeg(300, 300)[..JPEG_TO_WIDTH]);
}

#[test]
fn the_size_of_a_jpeg_stands_in_its_frame_header_wherever_that_is() {
    fn check(what: &str, segments: &[&[u8]], expected: bool) {
        let bytes = [b"\xff\xd8".as_slice(), &segments.concat()].concat();
        let found = Image::from_bytes(&bytes);
        assert_eq!(found.is_ok(), expected, "{what}: {found:?}");
    }

    let (app0, exif) = (segment(0xe0, b"JFIF\0\x01\x01"), segment(0xe1, b"Exif\0\0"));
    let (tables, comment) = (segment(0xc4, &[0; 19]), segment(0xfe, b"a fox"));
    let (baseline, progressive) = (frame(0xc0, 300, 300), frame(0xc2, 300, 300));
    check("baseline", &[&baseline], true);
    check("progressive", &[&progressive], true);
    check("lossless", &[&frame(0xc3, 300, 300)], true);
    check("arithmetic", &[&frame(0xc9, 300, 300)], true);
    check("APPn before", &[&app0, &exif, &comment, &baseline], true);
    // Huffman tables have a marker in the range of the frames: it is none.
    check("DHT before", &[&app0, &tables, &progressive], true);
    check(
        "DAC before",
        &[&segment(0xcc, &[0x10, 0x20]), &baseline],
        true,
    );
    check(
        "fill bytes",
        &[b"\xff\xff\xff", &app0, b"\xff", &baseline],
        true,
    );
    // The thumbnail within Exif data is another picture.
    let thumbnail = segment(
        0xe1,
        &[b"\xff\xd8".as_slice(), &frame(0xc0, 160, 120)].concat(),
    );
    check("small thumbnail", &[&thumbnail, &baseline], true);
    let small = frame(0xc0, 160, 120);
    let large_thumbnail = segment(0xe1, &frame(0xc0, 300, 300));
    check("large thumbnail", &[&large_thumbnail, &small], false);
    check("no frame", &[&app0, &tables], false);
    check("no marker", &[b"abc", &baseline], false);
    check("only fill bytes", &[&[0xff; 64]], false);
    // The length counts itself, so it is never below 2; neither hangs.
    check("length 0", &[b"\xff\xe0\0\0"], false);
    check("length 1", &[b"\xff\xe0\0\x01"], false);
    check(
        "length beyond the end",
        &[b"\xff\xe0\xff\xff", &baseline],
        false,
    );
}

#[test]
fn bytes_become_bare_base64() {
    let image = Image::from_bytes(&png(300, 300)).unwrap();
    // By `base64 --wrap=0`.
    assert_eq!(image.as_str(), "iVBORw0KGgoAAAANSUhEUgAAASwAAAEs");
}

#[test]
fn a_url_passes_and_what_is_none_does_not() {
    fn check(url: &str, expected: bool) {
        let found = Image::from_url(url);
        assert_eq!(found.is_ok(), expected, "{url}");
        match found {
            Ok(image) => assert_eq!(image.as_str(), url),
            Err(invalid) => assert_eq!(invalid, InvalidImage::Url),
        }
    }

    check("https://example.com/fox.png", true);
    check("http://127.0.0.1:8080/fox?size=1", true);
    check("HTTPS://EXAMPLE.COM/FOX.JPG", true);
    // What is there is not looked at: the name may end as it likes.
    check("https://example.com/fox.gif", true);
    check("", false);
    check("fox.png", false);
    check("//example.com/fox.png", false);
    check("https://", false);
    check("https://example.com/a fox.png", false);
    check("file:///fox.png", false);
    check(
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAASwAAAEs",
        false,
    );
}

#[test]
fn a_text_is_a_url_or_bare_base64() {
    fn check(text: &str, found: &str) {
        let request = GenerationRequest::for_model("kirin_v1_i2v")
            .parameter("image", text)
            .build();
        let invalid = request.expect_err(text);
        let [problem] = invalid.problems() else {
            panic!("{text}: {invalid}");
        };
        assert_eq!(problem.path(), "input[0].params.image", "{text}");
        assert_eq!(problem.found, found, "{text}");
    }

    let data_url = "begins with data:, without which it is base64";
    check(
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAASwAAAEs",
        data_url,
    );
    check("DATA:image/jpeg;base64,", data_url);
    let not_base64 = "is neither a URL nor base64";
    check("a fox", not_base64);
    check("iVBORw0KGgoAAAANSUhEUgAAASwAAAE", not_base64);
    check("iVBORw0KGgoAAAANSUhEUgAAASwAAAEs=", not_base64);
    check("iVBORw0KGgoAAAANSUhEUgAAASwAAAEs\n", not_base64);
    check("iVBORw0KGgoA AAANSUhEUgAAASwAAAEs", not_base64);
    // The other alphabet, of URLs.
    check("_9j_wAALCAEsASwDAREAAhEBAxEB", not_base64);
    check("ftp://example.com/fox.png", not_base64);
    let unknown = "is neither a JPEG nor a PNG";
    check("", unknown);
    check("R0lGODlhLAEsAQAAAA==", unknown);
}

// ----------------------------------------------------------------- hand-made heads

/// The head of a PNG: its signature and the beginning of its first chunk.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    [head.as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
}

/// The head of a JPEG: its signature, a JFIF segment and a baseline frame.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let app0 = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    [b"\xff\xd8".as_slice(), &app0, &frame(0xc0, width, height)].concat()
}

/// Bytes of [`jpeg`] up to the width: signature, segment, and marker, length, precision, sides.
const JPEG_TO_WIDTH: usize = 2 + 18 + 9;

/// A frame header of a JPEG with three components.
fn frame(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let (h, w) = (height.to_be_bytes(), width.to_be_bytes());
    let sides = [8, h[0], h[1], w[0], w[1], 3];
    segment(
        marker,
        &[&sides[..], &[1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]].concat(),
    )
}

/// A segment of a JPEG: its length counts itself.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
