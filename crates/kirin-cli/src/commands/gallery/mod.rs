//! `kirin gallery`: one page with the videos of a folder, and what the ledger knows of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use kirin_client::FileDigest;
use kirin_ledger::Ledger;
use kirin_types::Amount;
use serde::{Serialize, Serializer};

use super::Run;
use crate::{
    arguments::GlobalOptions,
    bounded_file, exit_code,
    failure::Failure,
    ledger_file,
    report::{Json, path_text, print_json, print_path},
    terminal::print_stderr,
    whole_file::{self, IfExists},
};

mod command;

mod frame_size;

mod html;

mod link;

mod page;
use page::Page;

mod video;

/// The page in its folder, unless another file is named.
const FILE: &str = "gallery.html";

/// How the page is to be other than `kirin gallery DIR` makes it.
#[derive(Debug, Default)]
pub(crate) struct GalleryOptions {
    /// File to write it to.
    pub(crate) output: Option<PathBuf>,
    pub(crate) title: Option<String>,
    /// Whether to overwrite a file that is not a page of `kirin gallery`.
    pub(crate) force: bool,
}

/// A page that was written, and what `--json` prints of it, always with every field.
#[derive(Debug, Serialize)]
pub(crate) struct WrittenGallery {
    #[serde(serialize_with = "serialize_lossy")]
    pub(crate) path: PathBuf,
    videos: usize,
    /// How many of them the ledger knows.
    known: usize,
    /// What they cost in USD, as far as it is known.
    cost: Amount,
}

/// Write a page that shows the videos of a folder, with what the ledger knows of them; prints its path.
#[derive(Args, Debug)]
pub(crate) struct Gallery {
    /// Folder of the videos [default: the current one]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// File to write the page to [default: gallery.html in the folder]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Title of the page [default: the name of the folder]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Overwrite a file that is not a page of kirin gallery
    #[arg(long)]
    force: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

impl Run for Gallery {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let ledger = ledger_file::if_there();
        let options = GalleryOptions {
            output: self.output,
            title: self.title,
            force: self.force,
        };
        let written = write_gallery(ledger.as_ref(), &self.folder, options).await?;
        let written = written.ok_or_else(|| {
            let what = format!("there is no video in the folder {}", self.folder.display());
            Failure::new(exit_code::NOT_FOUND, what, NAME_A_FOLDER)
        })?;
        if ledger.is_none() {
            print_stderr(
                "there is no readable ledger: the videos are shown by their file names alone",
            );
        }
        match self.json {
            true => print_json(&written)?,
            false => print_path(&written.path)?,
        }
        Ok(exit_code::DONE)
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }
}

const NAME_A_FOLDER: &str = "Name a folder of videos: kirin gallery DIR";

/// Writes the page of a folder; `None` if there is no video in it.
pub(crate) async fn write_gallery(
    ledger: Option<&Ledger>,
    folder: &Path,
    options: GalleryOptions,
) -> Result<Option<WrittenGallery>, Failure> {
    let files = video::list_files(folder).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::NotFound => exit_code::NOT_FOUND,
            _ => exit_code::DISK,
        };
        let what = format!("the folder {} cannot be read: {error}", folder.display());
        Failure::new(code, what, NAME_A_FOLDER)
    })?;
    let videos = video::find_videos(ledger, files).await?;
    if videos.is_empty() {
        return Ok(None);
    }
    let path = options.output.unwrap_or_else(|| folder.join(FILE));
    let failure = |error: io::Error| {
        let what = format!("the page {} cannot be written: {error}", path.display());
        let next_step = "Choose another --output, in an existing, writable folder.";
        Failure::new(exit_code::DISK, what, next_step)
    };
    let page = Page::new(folder, &path, options.title, &videos).map_err(failure)?;
    let if_exists = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => IfExists::Refuse,
        _ if options.force || is_page(&path).map_err(failure)? => IfExists::Replace,
        _ => {
            let what = format!("{} was not written by kirin gallery", path.display());
            let next_step = "Choose another --output, or add --force to overwrite it.";
            return Err(Failure::usage(what, next_step));
        }
    };
    let html = with_seal(page.to_html());
    whole_file::write_whole(&path, html.as_bytes(), if_exists).map_err(failure)?;
    Ok(Some(WrittenGallery {
        videos: videos.len(),
        known: videos.iter().filter(|video| video.known.is_some()).count(),
        cost: page.total_cost(),
        path,
    }))
}

/// No page is longer, by far.
const MAX_BYTES: u64 = 256 << 20;

const SEAL: &str = "<!-- written by kirin gallery, SHA-256 of all before: ";

/// The page, and at its end its hash: a page that was edited belongs to its editor.
fn with_seal(html: String) -> String {
    let digest = FileDigest::of_bytes(html.as_bytes());
    format!("{html}{SEAL}{} -->\n", digest.sha256())
}

/// Whether a file is a page as `kirin gallery` wrote it, which may be replaced.
fn is_page(file: &Path) -> io::Result<bool> {
    // Only a regular file is opened: a pipe would block.
    if !fs::symlink_metadata(file)?.is_file() {
        return Ok(false);
    }
    let Ok(page) = String::from_utf8(bounded_file::read(file, MAX_BYTES)?) else {
        return Ok(false);
    };
    let html = page.rfind(SEAL).map(|seal| page[..seal].to_owned());
    Ok(html.is_some_and(|html| with_seal(html) == page))
}

fn serialize_lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_text(path))
}
