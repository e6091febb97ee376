//! Several requests of one command, at once.

use futures_util::future::join_all;
use indicatif::MultiProgress;

use crate::{arguments::Shared, exit_code, failure::Failure, progress::Progress};

/// Does something for each request, prints what comes of it as soon as it is there, and reports what
/// fails; gives the exit code.
pub(super) async fn several<T>(
    count: usize,
    shared: &Shared,
    act: impl AsyncFn(usize, Progress) -> Result<T, Failure>,
    print: impl Fn(usize, &T) -> Result<(), Failure>,
) -> u8 {
    let screen = MultiProgress::new();
    let one = async |place: usize| {
        let progress = match count {
            1 => Progress::new(shared),
            _ => Progress::new(shared).beside(&screen, place + 1),
        };
        let done = act(place, progress).await;
        screen.suspend(|| match done.and_then(|done| print(place, &done)) {
            Ok(()) => exit_code::DONE,
            Err(failure) => {
                let code = failure.exit_code;
                failure.at(shared.base_url.as_deref()).report(shared.json);
                code
            }
        })
    };
    let codes = join_all((0..count).map(one)).await;
    exit_code::of_several(&codes)
}
