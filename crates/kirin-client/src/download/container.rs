//! Whether a file is a whole MP4, by the boxes it is made of.

use std::io::{self, Read, Seek, SeekFrom};

/// Checks that `file` begins with `ftyp`, has a `moov` box, and that its boxes fill `length`
/// bytes. A body whose length nobody announced can be cut unseen; this sees it.
///
/// # Errors
///
/// What is wrong with it, as a sentence part; or it cannot be read.
pub(super) fn check(mut file: impl Read + Seek, length: u64) -> io::Result<Result<(), String>> {
    let mut at = 0;
    let mut has_movie = false;
    while at < length {
        file.seek(SeekFrom::Start(at))?;
        let Some((name, size)) = box_header(&mut file, length - at)? else {
            return Ok(Err(format!("not an MP4: no box at byte {at}")));
        };
        if at == 0 && &name != b"ftyp" {
            return Ok(Err("not an MP4: it does not begin with ftyp".into()));
        }
        if size > length - at {
            return Ok(Err(format!(
                "cut: the box at byte {at} is longer than the file"
            )));
        }
        has_movie |= &name == b"moov";
        at += size;
    }
    match has_movie {
        true => Ok(Ok(())),
        false => Ok(Err("cut, or not an MP4: it has no moov box".into())),
    }
}

/// Name and size of the box that begins here; `None` if none can.
fn box_header(file: &mut impl Read, remaining: u64) -> io::Result<Option<([u8; 4], u64)>> {
    if remaining < 8 {
        return Ok(None);
    }
    let mut header = [0; 8];
    file.read_exact(&mut header)?;
    let [a, b, c, d, name @ ..] = header;
    let size = match u32::from_be_bytes([a, b, c, d]) {
        // To the end of the file.
        0 => remaining,
        // The size stands in eight more bytes.
        1 if remaining >= 16 => {
            let mut size = [0; 8];
            file.read_exact(&mut size)?;
            u64::from_be_bytes(size)
        }
        size => size.into(),
    };
    Ok((size >= 8).then_some((name, size)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn check_bytes(boxes: &[(&[u8; 4], u32)], length: u64) -> Result<(), String> {
        let mut bytes = Vec::new();
        for (name, size) in boxes {
            bytes.extend(size.to_be_bytes());
            bytes.extend(*name);
            bytes.resize(bytes.len() + *size as usize - 8, 0);
        }
        bytes.truncate(usize::try_from(length).unwrap());
        check(Cursor::new(&bytes), length).unwrap()
    }

    #[test]
    fn whole_file_passes_and_no_shorter_one_does() {
        let boxes: [(&[u8; 4], u32); 3] = [(b"ftyp", 16), (b"moov", 40), (b"mdat", 100)];
        assert_eq!(check_bytes(&boxes, 156), Ok(()));
        // A cut at the end of a box that leaves ftyp and moov is no cut that boxes can show.
        for length in (0..156).filter(|length| *length != 56) {
            assert!(check_bytes(&boxes, length).is_err(), "{length}");
        }
    }

    #[test]
    fn page_of_text_is_not_a_video() {
        let page = b"<!DOCTYPE html><html></html>";
        let checked = check(Cursor::new(page), page.len() as u64).unwrap();
        assert_eq!(
            checked,
            Err("not an MP4: it does not begin with ftyp".into())
        );
    }
}
