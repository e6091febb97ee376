//! The part file, and the note beside it that lets another process go on with it.

use std::io::{self, SeekFrom};

use bytes::Bytes;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::{content::Content, judgement::Received, temporary::Temporary};

/// A note is written after so many bytes: what is lost in a crash.
const NOTE_EVERY: u64 = 1 << 20;

/// A part file that is being written.
pub(super) struct PartFile<'a> {
    temporary: &'a mut Temporary,
    file: File,
    /// What is surely in the file.
    stored: Received,
    /// How many bytes the last note speaks of.
    noted: u64,
}

impl<'a> PartFile<'a> {
    /// Opens it, and finds out what of it can be gone on with: what a note describes, read again
    /// and found to be the same. The rest is thrown away.
    ///
    /// # Errors
    ///
    /// It cannot be read or written.
    pub(super) async fn open(temporary: &'a mut Temporary) -> io::Result<Self> {
        let mut part = Self {
            file: File::from_std(temporary.part().try_clone()?),
            temporary,
            stored: Received::default(),
            noted: 0,
        };
        match part.recover().await? {
            Some(received) => {
                part.file.set_len(received.bytes()).await?;
                part.file.seek(SeekFrom::Start(received.bytes())).await?;
                part.noted = received.bytes();
                part.stored = received;
            }
            None => part.discard().await?,
        }
        Ok(part)
    }

    async fn recover(&mut self) -> io::Result<Option<Received>> {
        let length = self.file.metadata().await?.len();
        let note = self.temporary.note().clone();
        if note.bytes() > length {
            return Ok(None);
        }
        self.file.seek(SeekFrom::Start(0)).await?;
        let mut content = Content::default();
        let mut beginning = (&mut self.file).take(note.bytes());
        let mut buffer = vec![0; 256 << 10];
        loop {
            match beginning.read(&mut buffer).await? {
                0 => return Ok(note.received(content)),
                count => content.feed(&buffer[..count]),
            }
        }
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
    pub(super) async fn store(&mut self, data: &Bytes, received: &Received) -> io::Result<()> {
        self.file.write_all(data).await?;
        // Without it, an error would show at the next write only.
        self.file.flush().await?;
        self.stored = received.clone();
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
    pub(super) async fn discard(&mut self) -> io::Result<()> {
        self.stored = Received::default();
        self.noted = 0;
        let nothing = Received::default();
        self.temporary.change_note(|note| {
            note.is_refused = false;
            note.set_received(&nothing);
        })?;
        self.file.set_len(0).await?;
        self.file.seek(SeekFrom::Start(0)).await?;
        Ok(())
    }

    /// Keeps what came for whoever wants to look at it, and never goes on with it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn refuse(&mut self) -> io::Result<()> {
        self.noted = self.stored.bytes();
        let stored = &self.stored;
        self.temporary.change_note(|note| {
            note.set_received(stored);
            note.is_refused = true;
        })
    }

    /// A note that cannot be written costs the next process what is there, and nothing else.
    fn note(&mut self) {
        let stored = &self.stored;
        if self
            .temporary
            .change_note(|note| note.set_received(stored))
            .is_ok()
        {
            self.noted = self.stored.bytes();
        }
    }
}

impl Drop for PartFile<'_> {
    /// Whatever ends the download early, an error or an interrupt, another one can go on.
    fn drop(&mut self) {
        if self.stored.bytes() > self.noted {
            self.note();
        }
    }
}
