//! Just enough of a reader of MP4 files to know what a player would show.

/// What the boxes of a file say.
#[derive(Debug, PartialEq)]
pub(crate) struct Movie {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) seconds: f64,
}

/// Reads `ftyp`, and in `moov` the movie's duration (`mvhd`) and its track's size (`tkhd`).
#[track_caller]
pub(crate) fn read(bytes: &[u8]) -> Movie {
    assert_eq!(&bytes[4..8], b"ftyp", "the first box");
    assert!(!find(bytes, b"mdat").is_empty(), "there are frames");
    let moov = find(bytes, b"moov");
    let mvhd = find(moov, b"mvhd");
    let tkhd = find(find(moov, b"trak"), b"tkhd");
    assert_eq!((mvhd[0], tkhd[0]), (0, 0), "versions with 32-bit times");
    let (timescale, duration) = (number(&mvhd[12..]), number(&mvhd[16..]));
    Movie {
        // Fixed point, 16.16.
        width: number(&tkhd[76..]) >> 16,
        height: number(&tkhd[80..]) >> 16,
        seconds: f64::from(duration) / f64::from(timescale),
    }
}

/// The content of the first box with this name.
#[track_caller]
fn find<'a>(mut boxes: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
    while !boxes.is_empty() {
        let (size, content) = match number(boxes) {
            // The size follows the name in eight bytes; no movie here needs the upper four.
            1 => (number(&boxes[12..]), 16),
            size => (size, 8),
        };
        let (head, rest) = boxes.split_at(size as usize);
        if &head[4..8] == name {
            return &head[content..];
        }
        boxes = rest;
    }
    panic!("no box {}", String::from_utf8_lossy(name));
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"))
}
