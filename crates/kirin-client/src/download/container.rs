//! Whether bytes are a whole MP4, by the boxes it is made of, read as they come.

/// Walks through the boxes of an MP4: it begins with `ftyp`, has `moov` and `mdat`, and they fill it.
/// A body whose length nobody announced can be cut unseen; this sees it, in most files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Boxes {
    /// How many bytes came.
    position: u64,
    /// Where the current box begins.
    begins_at: u64,
    /// Its header, as far as it came.
    header: Vec<u8>,
    /// What is left of its content; `None` to the end of the file.
    left: Option<u64>,
    is_open_ended: bool,
    is_fragmented: bool,
    has_movie: bool,
    has_media: bool,
    /// Why it cannot be an MP4, whatever follows.
    problem: Option<String>,
}

/// What is wrong, as a sentence part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It may be the beginning of an MP4.
    Cut(String),
    /// It is none.
    NotVideo(String),
}

impl Boxes {
    pub(super) fn feed(&mut self, mut data: &[u8]) {
        while !data.is_empty() && self.problem.is_none() && !self.is_open_ended {
            let taken = match self.left {
                Some(left) => usize::try_from(left).unwrap_or(usize::MAX).min(data.len()),
                None => (self.header_length() - self.header.len()).min(data.len()),
            };
            let (now, later) = data.split_at(taken);
            data = later;
            self.position += taken as u64;
            match self.left {
                Some(left) => self.skipped(left - taken as u64),
                None => self.read_header(now),
            }
        }
    }

    fn skipped(&mut self, left: u64) {
        self.left = (left > 0).then_some(left);
        if left == 0 {
            self.begins_at = self.position;
        }
    }

    /// Eight bytes, or sixteen where the size stands in the last eight.
    fn header_length(&self) -> usize {
        match self.header.get(..8) {
            Some([0, 0, 0, 1, ..]) => 16,
            _ => 8,
        }
    }

    fn read_header(&mut self, data: &[u8]) {
        self.header.extend_from_slice(data);
        if self.header.len() < self.header_length() {
            return;
        }
        let header = std::mem::take(&mut self.header);
        let name = &header[4..8];
        if self.begins_at == 0 && name != b"ftyp" {
            self.problem = Some("not an MP4: it does not begin with ftyp".into());
            return;
        }
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let size = match header.len() {
            16 => number(&header[8..]),
            _ => number(&header[..4]),
        };
        self.is_fragmented |= name == b"moof";
        self.has_movie |= name == b"moov";
        self.has_media |= name == b"mdat";
        match size.checked_sub(header.len() as u64) {
            Some(left) => self.skipped(left),
            None if size == 0 => self.is_open_ended = true,
            None => {
                let at = self.begins_at;
                self.problem = Some(format!("not an MP4: no box at byte {at}"));
            }
        }
    }

    /// Why this cannot be the beginning of an MP4, as soon as that is known.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether a cut would show. A last box "to the end of the file" is whole wherever it ends,
    /// and one made of fragments is between any two of them.
    pub(super) fn show_a_cut(&self) -> bool {
        !self.is_open_ended && !self.is_fragmented
    }

    /// Judges it as a whole.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), Unfit> {
        if let Some(problem) = &self.problem {
            return Err(Unfit::NotVideo(problem.clone()));
        }
        if self.left.is_some() || !self.header.is_empty() {
            let at = self.begins_at;
            let detail = format!("cut: the box at byte {at} is longer than the file");
            return Err(Unfit::Cut(detail));
        }
        let missing = match (self.has_movie, self.has_media) {
            (true, true) => return Ok(()),
            (true, false) => "mdat",
            (false, _) => "moov",
        };
        let detail = format!("cut, or not an MP4: it has no {missing} box");
        Err(Unfit::Cut(detail))
    }
}

#[cfg(test)]
mod tests {
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

    fn check(bytes: &[u8], piece: usize) -> Result<(), Unfit> {
        let mut boxes = Boxes::default();
        for piece in bytes.chunks(piece) {
            boxes.feed(piece);
        }
        boxes.check()
    }

    fn shows_a_cut(bytes: &[u8]) -> bool {
        let mut boxes = Boxes::default();
        boxes.feed(bytes);
        boxes.show_a_cut()
    }

    #[test]
    fn whole_file_passes_and_no_shorter_one_does() {
        let bytes = mp4(&[(b"ftyp", 16), (b"moov", 40), (b"mdat", 100)]);
        for piece in [1, 3, 8, 17, 1000] {
            assert_eq!(check(&bytes, piece), Ok(()));
            for length in 0..156 {
                let cut = check(&bytes[..length], piece);
                assert!(matches!(cut, Err(Unfit::Cut(_))), "{length}: {cut:?}");
            }
        }
    }

    #[test]
    fn sizes_of_eight_bytes_and_open_ends_are_read() {
        let mut bytes = mp4(&[(b"ftyp", 16), (b"moov", 8)]);
        bytes.extend([0, 0, 0, 1]);
        bytes.extend(b"mdat");
        bytes.extend(20_u64.to_be_bytes());
        bytes.extend([7; 4]);
        assert_eq!(check(&bytes, 5), Ok(()));
        assert!(check(&bytes[..bytes.len() - 1], 5).is_err());
        assert!(shows_a_cut(&bytes));
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(b"free any number of bytes");
        assert_eq!(check(&bytes, 5), Ok(()));
        assert!(!shows_a_cut(&bytes));
    }

    #[test]
    fn cut_between_two_fragments_does_not_show() {
        let bytes = mp4(&[(b"ftyp", 16), (b"moov", 8), (b"moof", 8), (b"mdat", 20)]);
        assert_eq!(check(&bytes, 5), Ok(()));
        assert!(!shows_a_cut(&bytes));
    }

    #[test]
    fn what_no_box_can_be_is_known_at_once() {
        let mut boxes = Boxes::default();
        boxes.feed(b"<!DOCTYP");
        let reason = "not an MP4: it does not begin with ftyp";
        assert_eq!(boxes.problem(), Some(reason));
        assert_eq!(boxes.check(), Err(Unfit::NotVideo(reason.into())));

        let mut bytes = mp4(&[(b"ftyp", 16)]);
        bytes.extend(mp4(&[(b"moov", 7)]));
        let reason = "not an MP4: no box at byte 16";
        assert_eq!(check(&bytes, 4), Err(Unfit::NotVideo(reason.into())));
    }
}
