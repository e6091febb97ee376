//! What the elements of a Matroska or WebM film show of its end, read as they come.

/// Walks through the elements of a film, which lie one behind the other. One that does not say how long it is,
/// as recorders write them, is gone into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Elements {
    /// How many bytes came.
    position: u64,
    /// Where the current element begins.
    begins_at: u64,
    /// Its header, as far as it came.
    header: Vec<u8>,
    /// What is left of its content.
    left: u64,
    segment: Segment,
    has_cluster: bool,
    /// Whether the film has ended, or what follows is none.
    is_over: bool,
}

/// The element that the film is, behind a short one that says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Segment {
    /// It says where it ends.
    Known {
        ends_at: u64,
    },
    #[default]
    Missing,
    Unknown,
}

/// How every such film begins.
pub(super) const MAGIC: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

const SEGMENT: u32 = 0x1853_8067;

/// What holds pictures and sound.
const CLUSTER: u32 = 0x1F43_B675;

impl Elements {
    pub(super) fn feed(&mut self, mut data: &[u8]) {
        while !data.is_empty() && !self.is_over {
            let wanted = match self.left {
                0 => 1,
                left => usize::try_from(left).unwrap_or(usize::MAX),
            };
            let (now, later) = data.split_at(wanted.min(data.len()));
            data = later;
            self.position += now.len() as u64;
            match self.left {
                0 => self.read_header(now),
                left => self.left = left - now.len() as u64,
            }
            let ends_at = self.position.saturating_add(self.left);
            self.is_over |= self.left == 0 && self.segment == Segment::Known { ends_at };
        }
        self.position += data.len() as u64;
    }

    fn read_header(&mut self, byte: &[u8]) {
        if self.header.is_empty() {
            self.begins_at = self.position - 1;
        }
        self.header.extend_from_slice(byte);
        match Header::read(&self.header) {
            Header::Cut => {}
            Header::Of { name, length } => {
                self.header.clear();
                self.begin(name, length);
            }
            Header::Wrong => self.is_over = true,
        }
    }

    fn begin(&mut self, name: u32, length: Option<u64>) {
        self.has_cluster |= name == CLUSTER;
        match (name, length) {
            (SEGMENT, Some(length)) => {
                let ends_at = self.position.saturating_add(length);
                self.segment = Segment::Known { ends_at };
            }
            (SEGMENT, None) => self.segment = Segment::Unknown,
            (CLUSTER, None) | (_, Some(_)) => {}
            (_, None) => self.is_over = true,
        }
        self.left = length.unwrap_or_default();
    }

    /// Why a film is not whole although its message came to its end; a box of an MP4 is called an element here.
    pub(super) fn missing_part(&self) -> Option<String> {
        let is_inside = self.left > 0 || !self.header.is_empty();
        match self.segment {
            _ if self.is_over => None,
            Segment::Missing => Some("it has no segment".into()),
            Segment::Unknown if !self.has_cluster => Some("it has no cluster".into()),
            _ => is_inside.then(|| {
                let at = self.begins_at;
                format!("the element at byte {at} is longer than the file")
            }),
        }
    }

    /// Judges by the elements alone whether this is the whole.
    ///
    /// # Errors
    ///
    /// Why they do not show it.
    pub(super) fn show_the_end(&self) -> Result<(), String> {
        match (self.missing_part(), self.segment) {
            (Some(missing), _) => Err(missing),
            (None, Segment::Known { ends_at }) if ends_at == self.position => Ok(()),
            (None, Segment::Known { ends_at }) => Err(format!("there is no box at byte {ends_at}")),
            (None, _) => Err("it does not say how long it is, and more of it could follow".into()),
        }
    }
}

/// The name and the length of an element, each a number of one to eight bytes: the leading zeros of the first
/// one say of how many.
enum Header {
    Cut,
    /// No length: it ends where the next one begins.
    Of {
        name: u32,
        length: Option<u64>,
    },
    /// No element begins so.
    Wrong,
}

impl Header {
    fn read(bytes: &[u8]) -> Self {
        let count = |bytes: &[u8]| {
            bytes
                .first()
                .map(|first| first.leading_zeros() as usize + 1)
        };
        let Some(name_bytes) = count(bytes) else {
            return Self::Cut;
        };
        if name_bytes > 4 {
            return Self::Wrong;
        }
        let Some((name, rest)) = bytes.split_at_checked(name_bytes) else {
            return Self::Cut;
        };
        let Some(length_bytes) = count(rest) else {
            return Self::Cut;
        };
        if length_bytes > 8 {
            return Self::Wrong;
        }
        let Some(length) = rest.get(..length_bytes) else {
            return Self::Cut;
        };
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let all = (1 << (7 * length_bytes)) - 1;
        let length = number(length) & all;
        Self::Of {
            // Of four bytes at most.
            name: number(name) as u32,
            length: (length != all).then_some(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Elements {
        let read = |piece| {
            let mut elements = Elements::default();
            bytes.chunks(piece).for_each(|piece| elements.feed(piece));
            elements
        };
        for piece in [1, 3, 8] {
            assert_eq!(read(piece), read(1000), "in pieces of {piece}");
        }
        read(1000)
    }

    const HEAD: &[u8] = b"\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01";

    /// A segment with this length, and two elements in it: 14 bytes.
    fn film(length: &[u8]) -> Vec<u8> {
        let segment = b"\x18\x53\x80\x67";
        let inside = b"\x15\x49\xa9\x66\x82ab\x1f\x43\xb6\x75\x42\0";
        [HEAD, segment, length, inside, b"\0"].concat()
    }

    #[test]
    fn film_that_says_where_it_ends_shows_its_end_and_no_beginning_of_it_does() {
        for length in [&b"\x8e"[..], b"\x40\x0e", b"\x01\0\0\0\0\0\0\x0e"] {
            let bytes = film(length);
            assert_eq!(read(&bytes).show_the_end(), Ok(()), "{length:?}");
            assert_eq!(read(&bytes).missing_part(), None);
            for at in 0..bytes.len() {
                let cut = read(&bytes[..at]);
                assert!(cut.show_the_end().is_err(), "{length:?}, cut at {at}");
                assert!(cut.missing_part().is_some(), "{length:?}, cut at {at}");
            }
            let behind = [&bytes[..], b"\n"].concat();
            assert!(read(&behind).show_the_end().is_err());
            assert_eq!(read(&behind).missing_part(), None);
        }
        let empty = [HEAD, b"\x18\x53\x80\x67\x80"].concat();
        assert_eq!(read(&empty).show_the_end(), Ok(()));
    }

    /// As a recorder writes it: neither the segment nor a cluster says how long it is.
    #[test]
    fn film_that_does_not_say_where_it_ends_misses_a_part_only_inside_an_element() {
        let cluster = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\0\xa3\x83abc";
        let segment = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        let bytes = [HEAD, segment, cluster, cluster].concat();
        // Behind the header of a cluster, and behind each element in it.
        let ends: Vec<_> = [33, 36, 41, 53, 56, 61].into();
        assert_eq!(ends.last(), Some(&bytes.len()));
        for at in 0..=bytes.len() {
            let cut = read(&bytes[..at]);
            assert!(cut.show_the_end().is_err(), "{at}");
            assert_eq!(cut.missing_part().is_none(), ends.contains(&at), "{at}");
        }
    }

    #[test]
    fn what_is_no_element_is_not_judged() {
        for behind in [&b"\0"[..], b"\x08", b"\xa3\0", b"\xa3\xff"] {
            let bytes = [HEAD, behind].concat();
            assert_eq!(read(&bytes).missing_part(), None, "{behind:?}");
            assert!(read(&bytes).show_the_end().is_err(), "{behind:?}");
        }
        let huge = [HEAD, b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xfe"].concat();
        assert!(read(&huge).missing_part().is_some());
    }
}
