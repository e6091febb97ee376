//! What the boxes of an MP4 show of its end, read as they come.

/// Walks through the boxes of an MP4 or a QuickTime film, which lie one behind the other. Whether a body
/// is whole is known from its length or its own end, in most cases; where neither is there, the boxes
/// show it, in most files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Boxes {
    /// How many bytes came.
    position: u64,
    /// Where the current box begins.
    begins_at: u64,
    /// Its header, as far as it came.
    header: Vec<u8>,
    /// What is left of its content.
    left: u64,
    /// Where `moov` ends, while its own boxes are read.
    movie_ends_at: Option<u64>,
    /// The content of the current box, while that is an index.
    index: Option<Vec<u8>>,
    seen: Seen,
    /// Where and why there are no more boxes.
    end: Option<(u64, NoMore)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    first: [u8; 4],
    /// The latest box of the file itself.
    last: [u8; 4],
    has_type: bool,
    has_movie: bool,
    has_media: bool,
    /// Whether the film is made of fragments: `moov` announces them, or they came.
    is_fragmented: bool,
    /// Where the last fragment ends that an index names.
    indexed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoMore {
    /// What stands there is no box.
    NoBox,
    /// A last box that reaches to the end of the file, wherever that is.
    OpenEnded,
}

/// Most bytes of an index, which has 12 for each of at most 65,535 fragments.
const LONGEST_INDEX: u64 = 1 << 20;

/// Boxes that a film may have beside each other. What is called otherwise and longer than the file is
/// taken for something that was put behind it.
const KNOWN: [&[u8; 4]; 18] = [
    b"emsg", b"free", b"ftyp", b"imda", b"mdat", b"meta", b"mfra", b"moof", b"moov", b"pdin",
    b"pnot", b"prft", b"sidx", b"skip", b"ssix", b"styp", b"uuid", b"wide",
];

/// Whether a file that begins so begins with a box of a film.
pub(super) fn is_box(beginning: &[u8]) -> bool {
    let name = beginning.get(4..8);
    name.is_some_and(|name| KNOWN.iter().any(|known| *known == name))
}

impl Boxes {
    pub(super) fn feed(&mut self, mut data: &[u8]) {
        while !data.is_empty() && self.end.is_none() {
            let wanted = match (self.left, self.movie_ends_at) {
                (0, None) => self.missing_of_header(),
                // Fewer bytes than a header has may be left in `moov`.
                (0, Some(end)) => self.missing_of_header().min(end - self.position),
                (left, _) => left,
            };
            let taken = usize::try_from(wanted)
                .unwrap_or(usize::MAX)
                .min(data.len());
            let (now, later) = data.split_at(taken);
            data = later;
            self.position += taken as u64;
            match self.left {
                0 => self.read_header(now),
                left => {
                    self.left = left - taken as u64;
                    self.read_index(now);
                }
            }
            if self.movie_ends_at == Some(self.position) {
                self.movie_ends_at = None;
                self.header.clear();
            }
        }
        self.position += data.len() as u64;
    }

    fn missing_of_header(&self) -> u64 {
        (self.header_length() - self.header.len()) as u64
    }

    /// Eight bytes, or sixteen where the size is in the last eight.
    fn header_length(&self) -> usize {
        match self.header.get(..8) {
            Some([0, 0, 0, 1, ..]) => 16,
            _ => 8,
        }
    }

    fn read_header(&mut self, data: &[u8]) {
        if self.header.is_empty() {
            self.begins_at = self.position - data.len() as u64;
        }
        self.header.extend_from_slice(data);
        if self.header.len() < self.header_length() {
            return;
        }
        let header = std::mem::take(&mut self.header);
        let name = [header[4], header[5], header[6], header[7]];
        let size = match header.len() {
            16 => number(&header[8..]),
            _ => number(&header[..4]),
        };
        let left = size.checked_sub(header.len() as u64);
        match self.movie_ends_at {
            Some(end) => self.inside_movie(name, left, end),
            None => self.outermost(name, size, left),
        }
    }

    fn outermost(&mut self, name: [u8; 4], size: u64, left: Option<u64>) {
        let is_name = name.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let (left, end) = match left {
            Some(left) if is_name => (left, None),
            _ if is_name && size == 0 => (0, Some(NoMore::OpenEnded)),
            _ => return self.end = Some((self.begins_at, NoMore::NoBox)),
        };
        self.end = end.map(|end| (self.begins_at, end));
        if self.begins_at == 0 {
            self.seen.first = name;
        }
        self.seen.last = name;
        self.seen.has_type |= name == *b"ftyp";
        self.seen.has_movie |= name == *b"moov";
        self.seen.has_media |= matches!(&name, b"mdat" | b"imda");
        self.seen.is_fragmented |= name == *b"moof";
        self.index = (name == *b"sidx" && left <= LONGEST_INDEX).then(Vec::new);
        match &name {
            b"moov" if left > 0 => self.movie_ends_at = Some(self.position.saturating_add(left)),
            _ => self.left = left,
        }
    }

    /// An index says how long the fragments behind it are.
    fn read_index(&mut self, data: &[u8]) {
        let Some(index) = &mut self.index else {
            return;
        };
        index.extend_from_slice(data);
        if self.left == 0 {
            let length = indexed(index).unwrap_or_default();
            let end = self.position.saturating_add(length);
            self.seen.indexed = self.seen.indexed.max(end);
            self.index = None;
        }
    }

    /// Only one box inside of `moov` is of interest: `mvex` says that fragments follow.
    fn inside_movie(&mut self, name: [u8; 4], left: Option<u64>, end: u64) {
        self.seen.is_fragmented |= name == *b"mvex";
        let rest = end.saturating_sub(self.position);
        self.left = left.map_or(rest, |left| left.min(rest));
    }

    /// Whether these are boxes of a film at all, as far as they came.
    fn are_a_film(&self) -> bool {
        KNOWN.contains(&&self.seen.first)
    }

    /// What is longer than the file: a box that a film has, its header included.
    fn cut_box(&self) -> Option<String> {
        let is_in_movie = self.movie_ends_at.is_some();
        let is_in_box = self.left > 0 && KNOWN.contains(&&self.seen.last);
        // What follows a film that has all its parts may be anything, and one byte is no header.
        let is_in_header = !self.header.is_empty() && !self.has_all_parts();
        let at = self.begins_at;
        (is_in_movie || is_in_box || is_in_header)
            .then(|| format!("the box at byte {at} is longer than the file"))
    }

    fn has_all_parts(&self) -> bool {
        let Seen {
            has_movie,
            has_media,
            is_fragmented,
            ..
        } = self.seen;
        has_movie && has_media && !is_fragmented
    }

    fn missing(&self) -> Option<String> {
        let missing = match (self.seen.has_movie, self.seen.has_media) {
            (true, true) => return None,
            (true, false) => "mdat",
            (false, _) => "moov",
        };
        Some(format!("it has no {missing} box"))
    }

    /// Only an index names fragments. How long the film is would show it too (`mehd`), but of the writers that are
    /// tried none says that, and to compare it takes the durations of all samples of all tracks.
    fn missing_fragment(&self) -> Option<String> {
        let end = self.seen.indexed;
        (end > self.position).then(|| format!("its index names fragments up to byte {end}"))
    }

    /// Why a film is not whole although its message came to its end: a proxy that lost its own
    /// connection ends its answer politely. Nothing of what is no film.
    pub(super) fn missing_part(&self) -> Option<String> {
        let is_film = self.are_a_film();
        is_film.then(|| {
            let missing = self.cut_box().or_else(|| self.missing());
            missing.or_else(|| self.missing_fragment())
        })?
    }

    /// Judges by the boxes alone whether this is the whole.
    ///
    /// # Errors
    ///
    /// Why they do not show it.
    pub(super) fn show_the_end(&self) -> Result<(), String> {
        if !self.are_a_film() || !self.seen.has_type {
            return Err("it is not made of the boxes of an MP4".into());
        }
        if let Some(missing) = self.missing_part() {
            return Err(missing);
        }
        match self.end {
            Some((at, NoMore::OpenEnded)) => {
                return Err(format!(
                    "the box at byte {at} reaches to the end, wherever that is"
                ));
            }
            Some((at, NoMore::NoBox)) => return Err(format!("there is no box at byte {at}")),
            None if self.left > 0 || !self.header.is_empty() => {
                return Err(format!("there is no box at byte {}", self.begins_at));
            }
            None => {}
        }
        match self.seen.is_fragmented && self.seen.last != *b"mfra" {
            true => Err("it is made of fragments, and more of them could follow".into()),
            false => Ok(()),
        }
    }

    /// What is unusual about a file that is whole; nothing about an MP4 as it is usually written.
    pub(super) fn unusual_structure(&self) -> Option<String> {
        if !self.are_a_film() {
            return Some("it is not an MP4".into());
        }
        if self.seen.first != *b"ftyp" {
            let first = String::from_utf8_lossy(&self.seen.first);
            return Some(format!("it begins with {first}, and an MP4 with ftyp"));
        }
        self.missing_part().or_else(|| match self.end {
            Some((_, NoMore::OpenEnded)) => None,
            Some((at, NoMore::NoBox)) => Some(self.behind(at)),
            None if self.left > 0 || !self.header.is_empty() => Some(self.behind(self.begins_at)),
            None => None,
        })
    }

    fn behind(&self, at: u64) -> String {
        let count = self.position - at;
        format!("{count} bytes stand behind the end of the film")
    }
}

/// How many bytes behind itself an index names (`sidx`, ISO/IEC 14496-12).
fn indexed(content: &[u8]) -> Option<u64> {
    let version = content.first()?;
    // A version and flags, an id and a time scale; then a time and an offset, longer ones in later versions.
    let (offset, entries) = match version {
        0 => (content.get(16..20)?, content.get(20..)?),
        _ => (content.get(20..28)?, content.get(28..)?),
    };
    let count = number(entries.get(2..4)?);
    let (entries, _) = entries.get(4..)?.as_chunks::<12>();
    // The first bit of a length says what it is the length of.
    let lengths = entries
        .iter()
        .map(|entry| number(&entry[..4]) & 0x7fff_ffff);
    let count = usize::try_from(count).ok()?;
    number(offset).checked_add(lengths.take(count).sum())
}

fn number(bytes: &[u8]) -> u64 {
    let digit = |sum, byte: &u8| sum << 8 | u64::from(*byte);
    bytes.iter().fold(0, digit)
}

#[cfg(test)]
mod tests;
