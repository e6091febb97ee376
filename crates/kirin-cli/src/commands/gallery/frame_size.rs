//! How large the frames of an MP4 file are: a page that knows it before the video is loaded does not
//! jump when it is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FrameSize {
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The header of a video of seconds is never longer.
const LONGEST_MOOV: u64 = 16 << 20;

/// More boxes than a video of seconds has beside that header.
const MOST_BOXES: usize = 100_000;

/// The size of the first track that has one.
pub(super) fn read_frame_size(path: &Path) -> io::Result<Option<FrameSize>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        if at + 8 > length {
            break;
        }
        file.seek(SeekFrom::Start(at))?;
        let mut head = Vec::with_capacity(16);
        (&mut file).take(16).read_to_end(&mut head)?;
        let Some(found) = head_of(&head, length - at) else {
            return Ok(None);
        };
        if found.name == *b"moov" && found.size <= LONGEST_MOOV {
            file.seek(SeekFrom::Start(at + found.head))?;
            let mut moov = Vec::new();
            file.take(found.size - found.head).read_to_end(&mut moov)?;
            let track = inner_boxes(&moov).filter(|(name, _)| name == b"trak");
            return Ok(track.into_iter().find_map(|(_, track)| track_size(track)));
        }
        at += found.size;
    }
    Ok(None)
}

fn track_size(track: &[u8]) -> Option<FrameSize> {
    let (_, header) = inner_boxes(track).find(|(name, _)| name == b"tkhd")?;
    // Both are fixed point, 16.16, and the last eight bytes of either version.
    let at = header.len().checked_sub(8)?;
    let (width, height) = (
        read_u32(&header[at..])? >> 16,
        read_u32(&header[at + 4..])? >> 16,
    );
    (width > 0 && height > 0).then_some(FrameSize { width, height })
}

/// The boxes of a box, as far as they are whole.
fn inner_boxes(mut content: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let found = head_of(content, content.len() as u64)?;
        let (head, size) = (found.head as usize, found.size as usize);
        let whole = content.get(head..size)?;
        content = &content[size..];
        Some((found.name, whole))
    })
}

struct Head {
    name: [u8; 4],
    /// Bytes before the content.
    head: u64,
    /// Bytes with them.
    size: u64,
}

/// The head of a box of which `rest` bytes can follow.
fn head_of(bytes: &[u8], rest: u64) -> Option<Head> {
    let name = bytes.get(4..8)?.try_into().ok()?;
    let (head, size) = match read_u32(bytes)? {
        // To the end.
        0 => (8, rest),
        // The size follows the name, in eight bytes.
        1 => (16, u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)),
        size => (8, size.into()),
    };
    (head <= size && size <= rest).then_some(Head { name, head, size })
}

fn read_u32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes()[..], name, content].concat()
    }

    fn movie(width: u32, height: u32) -> Vec<u8> {
        let mut header = vec![0; 84];
        header[76..80].copy_from_slice(&(width << 16).to_be_bytes());
        header[80..84].copy_from_slice(&(height << 16).to_be_bytes());
        let sound = a_box(b"trak", &a_box(b"tkhd", &[0; 84]));
        let picture = a_box(b"trak", &a_box(b"tkhd", &header));
        let moov = a_box(b"moov", &[sound, picture].concat());
        [a_box(b"ftyp", b"isom"), a_box(b"mdat", &[7; 100]), moov].concat()
    }

    fn read_bytes(bytes: &[u8]) -> Option<FrameSize> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("video.mp4");
        std::fs::write(&path, bytes).unwrap();
        read_frame_size(&path).unwrap()
    }

    #[test]
    fn the_size_of_the_picture_is_found_behind_the_frames() {
        let (width, height) = (448, 252);
        let found = read_bytes(&movie(width, height));
        assert_eq!(found, Some(FrameSize { width, height }));
    }

    #[test]
    fn what_is_cut_or_no_video_has_no_size() {
        let movie = movie(448, 252);
        for length in 0..movie.len() {
            assert_eq!(read_bytes(&movie[..length]), None, "{length} bytes");
        }
        assert_eq!(read_bytes(b"<!doctype html><title>no video</title>"), None);
    }
}
