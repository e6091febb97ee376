//! The part file, and the note beside it that lets another process continue it.

use std::{
    io::{self, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
};

use bytes::Bytes;

use super::{
    DownloadError, blocking::on_disk, judgement::Received, target::DownloadTarget,
    temporary::content,
};

/// A note is written after so many bytes: what is lost in a crash.
const NOTE_EVERY: u64 = 1 << 20;

/// A part file in the hands of a download. What is done with it is done on a thread that may block.
pub(super) struct Part(Option<Box<PartFile>>);

impl Part {
    /// Opens the part file of a place.
    ///
    /// # Errors
    ///
    /// It cannot be read or written.
    pub(super) async fn open(target: DownloadTarget) -> Result<Self, DownloadError> {
        let opened = on_disk(move || PartFile::open(target)).await?;
        Ok(Self(Some(Box::new(opened))))
    }

    /// Does something with it. Whoever stops waiting has given it up: it is closed when that is done.
    ///
    /// # Errors
    ///
    /// Those of `act`.
    pub(super) async fn on_blocking_thread<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&mut PartFile) -> Result<T, DownloadError> + Send + 'static,
    ) -> Result<T, DownloadError> {
        let Some(mut part) = self.0.take() else {
            return Err(DownloadError::disk(
                "is closed",
                io::ErrorKind::Other.into(),
            ));
        };
        let (part, done) = on_disk(move || {
            let done = act(&mut part);
            Ok((part, done))
        })
        .await?;
        self.0 = Some(part);
        done
    }

    /// Where that is which came, if it is there under a name.
    pub(super) fn kept(&self) -> Option<PathBuf> {
        self.0.as_ref()?.target.kept()
    }
}

/// A part file that is being written.
pub(super) struct PartFile {
    pub(super) target: DownloadTarget,
    /// What is surely in the file.
    stored: Received,
    /// How many bytes the last note speaks of.
    noted: u64,
    /// Whether there was anything in it.
    pub(super) was_there: bool,
}

impl PartFile {
    /// Opens it, and finds out what of it can be continued: what a note describes, read again
    /// and found to be the same. The rest is thrown away.
    fn open(target: DownloadTarget) -> Result<Self, DownloadError> {
        let mut part = Self {
            target,
            stored: Received::default(),
            noted: 0,
            was_there: false,
        };
        match part.begin() {
            Ok(()) => Ok(part),
            Err(error) => Err(error.kept_in(part.target.kept())),
        }
    }

    fn begin(&mut self) -> Result<(), DownloadError> {
        let length = self.target.temporary().part().metadata();
        self.was_there = length.map_err(not_written)?.len() > 0;
        match self.recover().map_err(not_written)? {
            Some(received) => {
                self.cut(received.bytes()).map_err(not_written)?;
                self.noted = received.bytes();
                self.stored = received;
                Ok(())
            }
            None => self.discard(),
        }
    }

    fn recover(&mut self) -> io::Result<Option<Received>> {
        let temporary = self.target.temporary();
        let (note, mut file) = (temporary.note().clone(), temporary.part());
        if note.bytes() > file.metadata()?.len() {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(note.clone().received(content(file, note.bytes())?))
    }

    /// Leaves so many bytes of it, and continues behind them.
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        let mut file = self.target.temporary().part();
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes)).map(drop)
    }

    /// What is in the file.
    pub(super) fn stored(&self) -> &Received {
        &self.stored
    }

    /// Writes behind what is there; `received` is what there is then.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn store(&mut self, data: &Bytes, received: Received) -> Result<(), DownloadError> {
        let mut file = self.target.temporary().part();
        file.write_all(data).map_err(not_written)?;
        self.stored = received;
        if self.stored.bytes() - self.noted >= NOTE_EVERY {
            self.note();
        }
        Ok(())
    }

    /// Throws away what is there, the note first: it must not speak of other bytes.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn discard(&mut self) -> Result<(), DownloadError> {
        self.stored = Received::default();
        self.noted = 0;
        let nothing = Received::default();
        let change = self.target.temporary().change_note(|note| {
            note.is_refused = false;
            note.set_received(&nothing);
        });
        change.and_then(|()| self.cut(0)).map_err(not_written)
    }

    /// Keeps what came for whoever wants to look at it, and never continues it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn refuse(&mut self) -> Result<(), DownloadError> {
        self.noted = self.stored.bytes();
        let stored = &self.stored;
        let change = self.target.temporary().change_note(|note| {
            note.set_received(stored);
            note.is_refused = true;
        });
        change.map_err(not_written)
    }

    /// Notes all that is there. A note that cannot be written costs the next process what is there, and
    /// nothing else.
    pub(super) fn note(&mut self) {
        let stored = &self.stored;
        if stored.bytes() > self.noted
            && self
                .target
                .temporary()
                .change_note(|note| note.set_received(stored))
                .is_ok()
        {
            self.noted = self.stored.bytes();
        }
    }
}

impl Drop for PartFile {
    /// Whatever ends the download early, an error or an interrupt, another one can continue.
    fn drop(&mut self) {
        self.note();
    }
}

fn not_written(source: io::Error) -> DownloadError {
    DownloadError::disk("cannot be written", source)
}
