//! `kirin gallery`: one page with the videos of a folder, and what the ledger knows of them.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use kirin_ledger::Ledger;
use kirin_types::Amount;
use serde::{Serialize, Serializer};

use crate::{
    arguments,
    failure::Failure,
    ledger_file,
    report::{print_json, print_path},
    terminal::say,
    whole_file::replace,
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
    /// Whether to overwrite a file that is no page of `kirin gallery`.
    pub(crate) force: bool,
}

/// A page that was written, and what `--json` prints of it, always with every field.
#[derive(Debug, Serialize)]
pub(crate) struct WrittenGallery {
    #[serde(serialize_with = "lossy")]
    pub(crate) path: PathBuf,
    videos: usize,
    /// How many of them the ledger knows.
    known: usize,
    /// What they cost in USD, as far as it is known.
    cost: Amount,
}

/// Writes the page, and prints where it is.
pub(crate) async fn gallery(arguments: arguments::Gallery) -> Result<(), Failure> {
    let ledger = ledger_file::if_there();
    let options = GalleryOptions {
        output: arguments.output,
        title: arguments.title,
        force: arguments.force,
    };
    let folder = &arguments.folder;
    let written = write_gallery(ledger.as_ref(), folder, options).await?;
    let written = written.ok_or_else(|| Failure::no_video(folder))?;
    if ledger.is_none() {
        say("there is no ledger that can be read: the videos are shown by their file names alone");
    }
    let printed = match arguments.json {
        true => print_json(&written),
        false => print_path(&written.path),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}

/// Writes the page of a folder; `None` if there is no video in it.
pub(crate) async fn write_gallery(
    ledger: Option<&Ledger>,
    folder: &Path,
    options: GalleryOptions,
) -> Result<Option<WrittenGallery>, Failure> {
    let files = video::files(folder).map_err(|error| Failure::gallery_folder(folder, &error))?;
    let videos = video::find(ledger, files).await;
    let videos = videos.map_err(|error| Failure::in_ledger(&error))?;
    if videos.is_empty() {
        return Ok(None);
    }
    let path = options.output.unwrap_or_else(|| folder.join(FILE));
    let failure = |error: io::Error| Failure::gallery(&path, &error);
    let page = Page::new(folder, &path, options.title, &videos).map_err(failure)?;
    if !options.force && path.exists() && !is_page(&path).map_err(failure)? {
        return Err(Failure::not_a_gallery(&path));
    }
    replace(&path, page.html().as_bytes()).map_err(failure)?;
    Ok(Some(WrittenGallery {
        videos: videos.len(),
        known: videos.iter().filter(|video| video.known.is_some()).count(),
        cost: page.cost(),
        path,
    }))
}

/// Whether a file is a page of `kirin gallery`, which may be written anew.
fn is_page(file: &Path) -> io::Result<bool> {
    let found = file.metadata()?;
    // A pipe would be waited for.
    if !found.is_file() && !found.is_dir() {
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(file)?.take(4096).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).contains(page::GENERATOR))
}

/// JSON is Unicode: bytes of a path that are none become U+FFFD.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
