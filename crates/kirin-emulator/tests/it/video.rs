//! The videos the emulator makes, read back as a player would.

use std::error::Error;

use kirin_emulator::video::{RenderError, VideoSpec, render};

/// A video quick to render.
fn small() -> VideoSpec {
    VideoSpec {
        width: 320,
        height: 240,
        seconds: 1,
        frames_per_second: 24,
        prompt: "a red fox in the snow".to_owned(),
        seed: 7,
        watermark: true,
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// The boxes in a run of bytes: their types and what is in them.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let kind = String::from_utf8(bytes[4..8].to_vec()).unwrap();
        let (header, size) = match number(bytes) {
            1 => (16, u64::from_be_bytes(bytes[8..16].try_into().unwrap())),
            size => (8, u64::from(size)),
        };
        let size = usize::try_from(size).unwrap();
        found.push((kind, &bytes[header..size]));
        bytes = &bytes[size..];
    }
    found
}

/// What is in the box at the end of a path of boxes.
fn find<'a>(bytes: &'a [u8], path: &[&str]) -> &'a [u8] {
    path.iter().fold(bytes, |inside, name| {
        let mut found = boxes(inside).into_iter().filter(|(kind, _)| kind == name);
        found.next().unwrap_or_else(|| panic!("no {name} box")).1
    })
}

fn sample_table<'a>(file: &'a [u8], name: &str) -> &'a [u8] {
    find(file, &["moov", "trak", "mdia", "minf", "stbl", name])
}

/// The numbers of a table after its version and its first `skipped` bytes.
fn table(bytes: &[u8], skipped: usize) -> Vec<u32> {
    bytes[4 + skipped..].chunks_exact(4).map(number).collect()
}

/// The sizes of all frames in bytes.
fn frame_sizes(file: &[u8]) -> Vec<u32> {
    let sizes = table(sample_table(file, "stsz"), 4);
    assert_eq!(usize::try_from(sizes[0]).unwrap(), sizes.len() - 1);
    sizes[1..].to_vec()
}

/// Width and height as the sample description has them, which is as the stream has them.
fn size(file: &[u8]) -> (u16, u16) {
    let entry = find(&sample_table(file, "stsd")[8..], &["avc1"]);
    let side = |at: usize| u16::from_be_bytes([entry[at], entry[at + 1]]);
    (side(24), side(26))
}

#[test]
fn the_index_is_in_front_of_the_frames() {
    let file = render(&small()).unwrap();
    let order: Vec<String> = boxes(&file).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(order, ["ftyp", "moov", "free", "mdat"]);
    assert_eq!(
        boxes(find(&file, &["moov"])).len(),
        2,
        "one track, no sound"
    );
}

#[test]
fn every_frame_is_listed_and_lasts_as_long_as_the_others() {
    let file = render(&VideoSpec {
        seconds: 5,
        ..small()
    })
    .unwrap();
    assert_eq!(frame_sizes(&file).len(), 5 * 24);
    assert_eq!(table(sample_table(&file, "stts"), 0), [1, 120, 1000]);
    assert_eq!(table(sample_table(&file, "stss"), 0), [3, 1, 49, 97]);
    let clock = table(find(&file, &["moov", "trak", "mdia", "mdhd"]), 8);
    assert_eq!(clock[..2], [24_000, 120_000]);
}

#[test]
fn a_video_has_the_frame_rate_asked_for() {
    let spec = VideoSpec {
        seconds: 2,
        frames_per_second: 30,
        ..small()
    };
    let file = render(&spec).unwrap();
    assert_eq!(frame_sizes(&file).len(), 2 * 30);
    let clock = table(find(&file, &["moov", "trak", "mdia", "mdhd"]), 8);
    assert_eq!(clock[..2], [30_000, 60_000]);
    let spec = VideoSpec {
        frames_per_second: 61,
        ..small()
    };
    let error = render(&spec).unwrap_err();
    assert_eq!(error.to_string(), "unsupported frame rate of 61 a second");
}

#[test]
fn the_frames_fill_the_media_data() {
    let file = render(&small()).unwrap();
    let data = find(&file, &["mdat"]);
    let offset = table(sample_table(&file, "stco"), 4)[0];
    let offset = usize::try_from(offset).unwrap();
    assert_eq!(&file[offset..], data);

    let total: u32 = frame_sizes(&file).iter().sum();
    assert_eq!(usize::try_from(total).unwrap(), data.len());
    assert_eq!(data[4] & 0x1f, 5, "the first unit is a key frame's slice");
    assert!(data.len() < 200_000);
}

#[test]
fn a_video_has_exactly_the_size_asked_for() {
    let sizes = [
        (1280, 720),
        (720, 1280),
        (960, 960),
        (1920, 1080),
        (1080, 1920),
        (1440, 1440),
    ];
    for (width, height) in sizes {
        let spec = VideoSpec {
            width: u32::from(width),
            height: u32::from(height),
            ..small()
        };
        assert_eq!(size(&render(&spec).unwrap()), (width, height));
    }
}

#[test]
fn the_same_video_has_the_same_bytes() {
    assert_eq!(render(&small()).unwrap(), render(&small()).unwrap());
}

#[test]
fn everything_asked_for_shows_in_the_video() {
    let others = [
        VideoSpec {
            prompt: "a blue fox in the snow".to_owned(),
            ..small()
        },
        VideoSpec { seed: 8, ..small() },
        VideoSpec {
            watermark: false,
            ..small()
        },
    ];
    let video = render(&small()).unwrap();
    for other in others {
        assert_ne!(render(&other).unwrap(), video, "{other:?}");
    }
}

#[test]
fn any_prompt_can_be_shown() {
    for prompt in ["", "\u{0}\n\t", "漢字 🦊", &"endless ".repeat(10_000)] {
        let spec = VideoSpec {
            prompt: prompt.to_owned(),
            ..small()
        };
        assert_eq!(frame_sizes(&render(&spec).unwrap()).len(), 24);
    }
}

#[test]
fn what_cannot_be_rendered_is_refused() {
    for (width, height) in [(0, 240), (321, 240), (320, 100), (320, 100_000)] {
        let spec = VideoSpec {
            width,
            height,
            ..small()
        };
        let error = render(&spec).unwrap_err();
        assert!(matches!(error, RenderError::UnsupportedSize { .. }));
        assert!(error.source().is_none());
    }
    let spec = VideoSpec {
        seconds: 0,
        ..small()
    };
    let error = render(&spec).unwrap_err();
    assert_eq!(error.to_string(), "unsupported video length of 0 s");
}
