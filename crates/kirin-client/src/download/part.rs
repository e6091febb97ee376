//! The part file, and the note beside it that lets another process go on with it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, SeekFrom, Write},
    path::Path,
};

use bytes::Bytes;
use kirin_types::TaskId;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::{
    DownloadTarget, content::Content, judgement::Received, outputs::Output, resumption::Resumption,
};

/// A note is written after so many bytes: what is lost in a crash.
const NOTE_EVERY: u64 = 1 << 20;

/// No note is longer.
const MAX_NOTE: u64 = 64 << 10;

/// A part file that is being written.
pub(super) struct PartFile<'a> {
    target: &'a DownloadTarget,
    task: &'a TaskId,
    output: &'a Output,
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
    pub(super) async fn open(
        target: &'a DownloadTarget,
        task: &'a TaskId,
        output: &'a Output,
    ) -> io::Result<Self> {
        let mut part = Self {
            target,
            task,
            output,
            file: File::from_std(target.part().try_clone()?),
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
        let note = read_note(self.target.note_path())
            .and_then(|json| Resumption::from_json(&json, self.task, self.output))
            .filter(|note| note.bytes() <= length);
        let Some(note) = note else {
            return Ok(None);
        };
        self.file.seek(SeekFrom::Start(0)).await?;
        let mut content = Content::default();
        let mut beginning = (&mut self.file).take(note.bytes());
        let mut buffer = vec![0; 256 << 10];
        loop {
            match beginning.read(&mut buffer).await? {
                0 => return Ok(note.confirmed_by(content)),
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
        self.target.remove_note()?;
        self.file.set_len(0).await?;
        self.file.seek(SeekFrom::Start(0)).await?;
        Ok(())
    }

    /// Leaves what is there to whoever wants to look at it, and nothing of it to the next download.
    ///
    /// # Errors
    ///
    /// The note cannot be removed.
    pub(super) fn set_aside(&mut self) -> io::Result<()> {
        // No note is written for them any more.
        self.noted = u64::MAX;
        self.target.remove_note()
    }

    /// A note that cannot be written costs the next process what is there, and nothing else.
    fn note(&mut self) {
        if let Some(note) = Resumption::new(self.task, self.output, &self.stored)
            && write_note(self.target.note_path(), &note.to_json()).is_ok()
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

fn read_note(path: &Path) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_NOTE).read_to_end(&mut json).ok()?;
    Some(json)
}

/// Replaces the note as a whole. It need not survive a power cut: what it says is checked.
fn write_note(path: &Path, json: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let _ = fs::remove_file(&new);
    // Never through a link that somebody put there.
    let mut file = OpenOptions::new().write(true).create_new(true).open(&new)?;
    let written = file.write_all(json).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
