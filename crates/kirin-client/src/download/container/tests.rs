//! Films of a few boxes, whole, cut, and with something behind them.

use super::*;

fn mp4(boxes: &[(&[u8; 4], u32)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, size) in boxes {
        bytes.extend(size.to_be_bytes());
        bytes.extend(*name);
        bytes.resize(bytes.len() + (*size as usize).saturating_sub(8), 0);
    }
    bytes
}

fn read(bytes: &[u8], piece: usize) -> Boxes {
    let mut boxes = Boxes::default();
    for piece in bytes.chunks(piece) {
        boxes.feed(piece);
    }
    boxes
}

/// In pieces of any size it is the same.
fn boxes(bytes: &[u8]) -> Boxes {
    let [whole, ..] = [1000, 1, 3, 8, 17].map(|piece| {
        let boxes = read(bytes, piece);
        assert_eq!(boxes, read(bytes, usize::MAX), "in pieces of {piece}");
        boxes
    });
    whole
}

fn plain() -> Vec<u8> {
    mp4(&[(b"ftyp", 16), (b"moov", 40), (b"mdat", 100)])
}

/// A `moov` that announces fragments, behind a box of its own.
fn fragmented(then: &[(&[u8; 4], u32)]) -> Vec<u8> {
    let mut bytes = mp4(&[(b"ftyp", 16)]);
    bytes.extend(40_u32.to_be_bytes());
    bytes.extend(b"moov");
    bytes.extend(mp4(&[(b"mvhd", 20), (b"mvex", 12)]));
    bytes.extend(mp4(then));
    bytes
}

const ONE_FRAGMENT: [(&[u8; 4], u32); 2] = [(b"moof", 8), (b"mdat", 20)];

#[test]
fn a_plain_film_shows_its_end_and_no_beginning_of_it_does() {
    let bytes = plain();
    assert_eq!(boxes(&bytes).show_the_end(), Ok(()));
    assert_eq!(boxes(&bytes).missing_part(), None);
    assert_eq!(boxes(&bytes).unusual_structure(), None);
    for length in 0..bytes.len() {
        let cut = boxes(&bytes[..length]);
        assert!(cut.show_the_end().is_err(), "{length}");
        let is_known = length >= 8;
        assert_eq!(cut.missing_part().is_some(), is_known, "{length}");
    }
}

#[test]
fn a_film_without_moov_misses_a_part() {
    let bytes = mp4(&[(b"ftyp", 16), (b"mdat", 100)]);
    let reason = "it has no moov box";
    assert_eq!(boxes(&bytes).missing_part().as_deref(), Some(reason));
    assert_eq!(boxes(&bytes).show_the_end(), Err(reason.into()));
    let bytes = mp4(&[(b"ftyp", 16), (b"moov", 40)]);
    let reason = "it has no mdat box";
    assert_eq!(boxes(&bytes).missing_part().as_deref(), Some(reason));
}

#[test]
fn a_film_of_fragments_shows_its_end_by_mfra_alone() {
    let reason = Err("it is made of fragments, and more of them could follow".into());
    let announced = fragmented(&ONE_FRAGMENT);
    assert_eq!(boxes(&announced).show_the_end(), reason);
    // With a first part that is no fragment, as `frag_keyframe` writes it.
    let first = fragmented(&[(b"mdat", 20)]);
    assert_eq!(boxes(&first).show_the_end(), reason);
    let unannounced = [plain(), mp4(&ONE_FRAGMENT)].concat();
    assert_eq!(boxes(&unannounced).show_the_end(), reason);
    for bytes in [announced, first, unannounced] {
        assert_eq!(boxes(&bytes).missing_part(), None);
        let whole = [bytes, mp4(&[(b"mfra", 24)])].concat();
        assert_eq!(boxes(&whole).show_the_end(), Ok(()));
        assert!(boxes(&whole[..whole.len() - 1]).show_the_end().is_err());
        let behind = [whole, mp4(&[(b"free", 8)])].concat();
        assert_eq!(boxes(&behind).show_the_end(), reason);
    }
}

#[test]
fn boxes_within_moov_end_with_it_whatever_they_say() {
    for size in [0, 7, 15, 21, 1000] {
        let mut bytes = mp4(&[(b"ftyp", 16)]);
        bytes.extend(28_u32.to_be_bytes());
        bytes.extend(b"moov");
        let mut inner = mp4(&[(b"trak", size)]);
        inner.resize(20, 0);
        bytes.extend(inner);
        bytes.extend(mp4(&[(b"mdat", 20)]));
        assert_eq!(boxes(&bytes).show_the_end(), Ok(()), "{size}");
    }
}

#[test]
fn sizes_of_eight_bytes_and_open_ends_are_read() {
    let mut bytes = mp4(&[(b"ftyp", 16), (b"moov", 8)]);
    bytes.extend([0, 0, 0, 1]);
    bytes.extend(b"mdat");
    bytes.extend(20_u64.to_be_bytes());
    bytes.extend([7; 4]);
    assert_eq!(boxes(&bytes).show_the_end(), Ok(()));
    assert!(boxes(&bytes[..bytes.len() - 1]).missing_part().is_some());
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(b"free any number of bytes");
    let open_ended = boxes(&bytes);
    assert!(open_ended.show_the_end().is_err());
    assert_eq!(
        (open_ended.missing_part(), open_ended.unusual_structure()),
        (None, None)
    );
}

#[test]
fn what_stands_behind_a_film_is_no_part_of_it() {
    let tag = [&b"TAG"[..], b"My holiday", &[0; 115]].concat();
    for behind in [
        &[0][..],
        &[0; 4],
        &[0; 7],
        &[0; 100],
        b"\n",
        b"PK\x03\x04\x14\0\0\0",
        &tag,
    ] {
        let bytes = [&plain()[..], behind].concat();
        let boxes = boxes(&bytes);
        let expected = format!("{} bytes stand behind the end of the film", behind.len());
        assert_eq!(boxes.unusual_structure(), Some(expected), "{behind:?}");
        assert_eq!(boxes.missing_part(), None, "{behind:?}");
        assert!(boxes.show_the_end().is_err(), "{behind:?}");
    }
}

#[test]
fn what_is_no_mp4_or_begins_otherwise_is_odd_and_misses_nothing() {
    let matroska = b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01matroska";
    for bytes in [
        &matroska[..],
        b"RIFF\x10\0\0\0AVI LIST",
        b"<!DOCTYPE html>",
        b"",
    ] {
        let boxes = boxes(bytes);
        assert_eq!(
            boxes.unusual_structure().as_deref(),
            Some("it is not an MP4")
        );
        assert_eq!(boxes.missing_part(), None);
        assert!(boxes.show_the_end().is_err());
    }
    for first in [b"free", b"styp", b"mdat", b"wide"] {
        let mut bytes = mp4(&[(first, 16)]);
        let quicktime = boxes(&[&bytes[..], &mp4(&[(b"mdat", 20), (b"moov", 40)])].concat());
        assert!(
            quicktime
                .unusual_structure()
                .unwrap()
                .starts_with("it begins with ")
        );
        assert_eq!(quicktime.missing_part(), None);
        assert!(quicktime.show_the_end().is_err());
        bytes.extend(plain());
        assert_eq!(boxes(&bytes).show_the_end(), Ok(()));
    }
}

/// An index of two fragments of 28 bytes each.
fn index(version: u8, offset: u32) -> Vec<u8> {
    let mut content = vec![version, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 25];
    if version == 0 {
        content.extend([0; 4]);
    } else {
        content.extend([0; 12]);
    }
    content.extend(offset.to_be_bytes());
    content.extend([0, 0, 0, 2]);
    for length in [28, 0x8000_001c_u32] {
        content.extend(length.to_be_bytes());
        content.extend([0; 8]);
    }
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes()[..], b"sidx", &content].concat()
}

#[test]
fn film_that_ends_before_a_fragment_of_its_index_misses_a_part() {
    for version in [0, 1] {
        for offset in [0, 8] {
            let mut bytes = [fragmented(&[]), index(version, offset)].concat();
            if offset == 8 {
                bytes.extend(mp4(&[(b"free", 8)]));
            }
            bytes.extend(mp4(&ONE_FRAGMENT));
            let whole = [&bytes[..], &mp4(&ONE_FRAGMENT)].concat();
            let missing = format!("its index names fragments up to byte {}", whole.len());
            assert_eq!(boxes(&bytes).missing_part(), Some(missing));
            assert_eq!(boxes(&whole).missing_part(), None);
            // Whatever else stands there.
            let ended = [&bytes[..], &mp4(&[(b"mfra", 16)])].concat();
            assert!(boxes(&ended).show_the_end().is_err());
        }
    }
}

/// Each says where its own fragments end, and the last of them is the end of all.
#[test]
fn several_indexes_and_what_follows_their_entries_are_read_as_they_say() {
    let index_of_one = {
        let mut index = index(0, 0);
        index[31] = 1;
        index
    };
    let beginning = fragmented(&[]);
    let fragment = mp4(&ONE_FRAGMENT);
    let one = [&beginning[..], &index_of_one, &fragment].concat();
    assert_eq!(boxes(&one).missing_part(), None);
    // The second ends before the first does.
    let two = [&beginning[..], &index(0, 56), &index_of_one, &fragment].concat();
    assert!(boxes(&two).missing_part().is_some());
}

/// It is kept until all of it came, and none that a writer makes is so long.
#[test]
fn index_that_is_too_long_says_nothing() {
    for (length, is_read) in [(LONGEST_INDEX, true), (LONGEST_INDEX + 1, false)] {
        let mut index = index(0, 0);
        index.resize(usize::try_from(length).unwrap() + 8, 0);
        let size = u32::try_from(index.len()).unwrap();
        index[..4].copy_from_slice(&size.to_be_bytes());
        let bytes = [fragmented(&[]), index, mp4(&ONE_FRAGMENT)].concat();
        let missing = read(&bytes, usize::MAX).missing_part();
        assert_eq!(missing.is_some(), is_read, "{length}");
    }
}

#[test]
fn index_that_cannot_be_read_says_nothing() {
    for length in 0..index(0, 0).len() - 8 {
        let size = u32::try_from(length + 8).unwrap();
        let content = &index(0, 0)[8..8 + length];
        let index = [&size.to_be_bytes()[..], b"sidx", content].concat();
        let bytes = [fragmented(&[]), index, mp4(&ONE_FRAGMENT)].concat();
        assert_eq!(boxes(&bytes).missing_part(), None, "{length}");
    }
}
