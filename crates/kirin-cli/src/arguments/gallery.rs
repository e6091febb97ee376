//! What `kirin gallery` can be told.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Gallery {
    /// Folder of the videos [default: the current one]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) folder: PathBuf,
    /// File to write the page to [default: gallery.html in the folder]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Title of the page [default: the name of the folder]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Overwrite a file that is not a page of kirin gallery
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
