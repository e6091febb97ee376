//! Rendered videos: each is rendered once, when it is first asked for, beside everything else.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::{
    sync::{Semaphore, watch},
    task,
};

use crate::{
    artifact::RenderedVideo,
    video::{self, VideoSpec},
};

/// How many videos are kept, the latest ones; another download renders an older one anew, to
/// the same bytes.
const KEPT: usize = 128;

/// `None` as long as it is being rendered.
type Rendering = watch::Receiver<Option<Result<RenderedVideo, String>>>;

/// The cache.
#[derive(Debug)]
pub(super) struct Videos {
    kept: Mutex<Kept>,
    /// One for each core: more renderings at once would only take turns, and memory.
    cores: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    by_name: HashMap<String, Rendering>,
    oldest_first: VecDeque<String>,
}

impl Videos {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            kept: Mutex::default(),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The video with this name, rendered now or before.
    ///
    /// # Errors
    ///
    /// It cannot be rendered, for the reason given.
    pub(super) async fn rendered(
        &self,
        name: &str,
        spec: &VideoSpec,
    ) -> Result<RenderedVideo, String> {
        let mut rendering = self.rendering(name, spec);
        let result = rendering.wait_for(Option::is_some).await;
        let video = match result.as_deref() {
            Ok(Some(Ok(video))) => return Ok(video.clone()),
            Ok(Some(Err(message))) => Err(message.clone()),
            // The renderer is gone without a word: it panicked.
            Ok(None) | Err(_) => Err("the renderer panicked; this is a bug in it".into()),
        };
        // The next request tries anew.
        self.kept().by_name.remove(name);
        video
    }

    /// Forgets all of them; who waits for one still gets it.
    pub(super) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    /// The rendering that runs or ran for this name; starts it if there is none. It goes on when
    /// the caller goes away.
    fn rendering(&self, name: &str, spec: &VideoSpec) -> Rendering {
        let mut kept = self.kept();
        if let Some(rendering) = kept.by_name.get(name) {
            return rendering.clone();
        }
        let (done, rendering) = watch::channel(None);
        let (cores, spec) = (Arc::clone(&self.cores), spec.clone());
        task::spawn(async move {
            let core = cores.acquire_owned().await;
            let rendered = task::spawn_blocking(move || render(&spec)).await;
            drop(core);
            if let Ok(rendered) = rendered {
                done.send_replace(Some(rendered));
            }
        });
        kept.insert(name, rendering.clone());
        rendering
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing below panics between two steps that belong together.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn insert(&mut self, name: &str, rendering: Rendering) {
        if self.oldest_first.len() == KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_name.remove(&oldest);
        }
        self.by_name.insert(name.into(), rendering);
        self.oldest_first.push_back(name.into());
    }
}

fn render(spec: &VideoSpec) -> Result<RenderedVideo, String> {
    let bytes = video::render(spec).map_err(|error| format!("the video: {error}"))?;
    Ok(RenderedVideo::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(width: u32) -> VideoSpec {
        VideoSpec {
            width,
            height: 240,
            seconds: 1,
            prompt: "a fox".into(),
            seed: 0,
            watermark: false,
        }
    }

    #[tokio::test]
    async fn a_video_is_rendered_once() {
        let videos = Videos::new();
        let spec = spec(240);
        let render = || videos.rendered("a", &spec);
        let (first, second) = tokio::join!(render(), render());
        let third = render().await;
        let place = |video: Result<RenderedVideo, String>| video.unwrap().bytes().as_ptr();
        let places = [first, second, third].map(place);
        assert_eq!(places, [places[0]; 3], "the same bytes in the same memory");
    }

    #[tokio::test]
    async fn a_rendering_goes_on_when_its_caller_goes_away() {
        let videos = Videos::new();
        let spec = spec(240);
        let given_up = videos.rendering("a", &spec);
        drop(given_up);
        assert!(videos.rendered("a", &spec).await.is_ok());
        assert_eq!(videos.kept().oldest_first.len(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_said_and_tried_anew() {
        let videos = Videos::new();
        let failed = videos.rendered("a", &spec(1)).await;
        assert_eq!(
            failed.unwrap_err(),
            "the video: unsupported video size 1x240"
        );
        assert!(videos.rendered("a", &spec(240)).await.is_ok());
    }

    #[tokio::test]
    async fn only_the_latest_videos_are_kept() {
        let mut kept = Kept::default();
        for number in 0..1000 {
            kept.insert(&number.to_string(), watch::channel(None).1);
        }
        assert_eq!((kept.by_name.len(), kept.oldest_first.len()), (KEPT, KEPT));
        assert!(kept.by_name.contains_key("999"));
    }
}
